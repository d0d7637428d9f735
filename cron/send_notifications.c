/*
 * send_notifications: hands the queue of messages to the mail server, the SMS
 * provider and the push services.
 *
 * A message is claimed, sent, and marked, each committed by itself. A crash
 * between the other side's answer and the mark sends it again, with the same
 * Message-ID: at least once, and exactly once when nothing is killed there.
 * A channel that is slow or refuses takes its own turn only; each has a rate
 * that it does not pass.
 */
#include "cgi/notifications/notifications.h"

#include "base/clock.h"
#include "job/job.h"
#include "net/mail.h"

#define BATCH 20
#define TIMEOUT_MS 15000

/* A channel's share: fills by the minute, up to one batch. */
struct turn {
	int64_t per_minute;
	int64_t filled_us;
	int64_t left;
};

static int
allowed(struct turn *t)
{
	int64_t now = clock_monotonic_us(), more;

	if (t->filled_us == 0) {
		t->filled_us = now;
		t->left = BATCH;
	}
	more = (now - t->filled_us) * t->per_minute / CLOCK_MINUTE;
	if (more > 0) {
		t->left = t->left + more < BATCH ? t->left + more : BATCH;
		t->filled_us = now;
	}
	return (int)t->left;
}

static enum send_result
mail_send(struct request *r, struct mailer *mailer, const struct message *m,
    const char **reply)
{
	static const enum send_result results[] = {
		[MAIL_SENT] = SEND_DONE, [MAIL_TEMPORARY] = SEND_LATER,
		[MAIL_PERMANENT] = SEND_NEVER, [MAIL_UNKNOWN] = SEND_UNKNOWN
	};
	const char *headers[] = {
		arena_printf(r->arena, "List-Unsubscribe: <%s/api/v1/notifications"
		    "/unsubscribe/%s>", r->app->conf->base_url, m->unsubscribe),
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click", NULL
	};
	const char *sandbox = r->app->conf->sandbox_address;
	const struct mail mail = {
		.from_address = r->app->conf->mail_from, .from_name = "Zoco",
		.to_address = sandbox[0] != '\0' ? sandbox : m->to_address,
		.to_name = m->to_name,
		.subject = m->subject, .text = m->text, .html = m->html,
		.message_id = m->message_id, .date_us = m->created_at,
		.language = m->lang,
		.extra_headers = m->unsubscribe[0] != '\0' ? headers : NULL,
	};
	enum mail_result result = mailer_send(mailer, &mail);

	*reply = arena_strdup(r->arena, mailer_reply(mailer));
	return results[result];
}

static void
send_one(struct job *job, struct request *r, struct mailer *mailer,
    enum channel channel, const struct message *m)
{
	bool is_sandbox = r->app->conf->sandbox_address[0] != '\0';
	enum send_result result = SEND_DONE;
	const char *reply = "sandbox";
	int64_t retry_after_s = 0;

	if (channel == CHANNEL_MAIL)
		result = mail_send(r, mailer, m, &reply);
	else if (!is_sandbox && channel == CHANNEL_SMS)
		result = sms_send(r, m, &retry_after_s, &reply);
	else if (!is_sandbox)
		result = push_send(r, m, &retry_after_s, &reply);
	if (!queue_done(r, m, result, retry_after_s, reply) ||
	    result != SEND_DONE)
		job->failed++;
	else
		job->done++;
}

static int
run(struct job *job, struct request *r)
{
	const struct conf *conf = r->app->conf;
	struct mailer *mailer = mailer_new(conf->smtp_url, conf->smtp_user,
	    secret_of(r, conf->smtp_password_file), TIMEOUT_MS);
	struct turn turns[] = {
		[CHANNEL_MAIL] = { .per_minute = conf->mail_per_minute },
		[CHANNEL_SMS] = { .per_minute = conf->sms_per_minute },
		[CHANNEL_PUSH] = { .per_minute = conf->push_per_minute },
	};
	struct message *messages;
	size_t n, sent;

	db_listen(r->db, "message");
	do {
		sent = 0;
		if (job->dry_run) {
			job_start_step(job, r);
			job->done = queue_due(r);
			break;
		}
		for (int c = 0; c < CHANNEL_COUNT && !job_should_stop(job); c++) {
			int most = allowed(&turns[c]);

			job_start_step(job, r);
			if (most == 0 || !queue_claim(r, (enum channel)c, most,
			    &messages, &n))
				continue;
			for (size_t i = 0; i < n; i++)
				send_one(job, r, mailer, (enum channel)c, &messages[i]);
			turns[c].left -= (int64_t)n;
			sent += n;
		}
		if (sent == 0 && job_is_looping(job))
			db_wait(r->db, 1000);
	} while (!job_should_stop(job) && (sent > 0 || job_is_looping(job)));
	mailer_free(mailer);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "send_notifications",
		.domain = &notifications_program,
		.summary = "hands messages to the mail server and the other channels",
		.run = run,
	};

	return job_main(&program, argc, argv);
}

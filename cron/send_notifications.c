/*
 * send_notifications: hands the queue of messages to the mail server, the SMS
 * provider and the push services.
 *
 * A message is claimed, sent, and marked, each committed by itself. A crash
 * between the other side's answer and the mark sends it again, with the same
 * Message-ID: at least once, and exactly once when nothing is killed there.
 * A channel that is slow or refuses takes its own turn only; each has a rate
 * that it does not pass. While there is no mail server, mails wait without
 * being counted as tried, and go out within a minute of its return. Codes that
 * somebody waits for pass all others, within a second and the message under way.
 */
#include "cgi/notifications/notifications.h"

#include "base/clock.h"
#include "job/job.h"
#include "net/mail.h"

#define BATCH 20
#define TIMEOUT_MS 15000
#define AWAY_MAX_US (32 * CLOCK_SECOND)
#define CODES_US CLOCK_SECOND

/* What messages are sent with. */
struct sender {
	struct job *job;
	struct request *r;
	struct mailer *mailer;
	struct turn *turns;
	int64_t codes_us;	/* when codes were looked for */
};

/* A channel's share: fills by the minute, up to one batch. */
struct turn {
	int64_t per_minute;
	int64_t filled_us;
	int64_t left;
	int64_t away_us, retry_at_us;	/* it is left alone for so long, until */
};

static int
allowed(struct turn *t)
{
	int64_t now = clock_monotonic_us(), more;

	if (now < t->retry_at_us)
		return 0;
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
	const char *answer[] = {
		arena_printf(r->arena, "Reply-To: <%s>", m->reply_to), NULL
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
		.extra_headers = m->unsubscribe[0] != '\0' ? headers :
		    m->reply_to[0] != '\0' ? answer : NULL,
	};
	enum mail_result result = mailer_send(mailer, &mail);

	*reply = arena_strdup(r->arena, mailer_reply(mailer));
	return mailer_is_away(mailer) ? SEND_AWAY : results[result];
}

/* False: whoever takes it is away, from this one and the others. */
static bool
send_one(struct sender *s, enum channel channel, const struct message *m,
    const char **reply)
{
	struct request *r = s->r;
	bool is_sandbox = r->app->conf->sandbox_address[0] != '\0';
	enum send_result result = SEND_DONE;
	int64_t retry_after_s = 0;

	*reply = "sandbox";
	if (channel == CHANNEL_MAIL)
		result = mail_send(r, s->mailer, m, reply);
	else if (!is_sandbox && channel == CHANNEL_SMS)
		result = sms_send(r, m, &retry_after_s, reply);
	else if (!is_sandbox)
		result = push_send(r, m, &retry_after_s, reply);
	if (result != SEND_AWAY &&
	    queue_done(r, m, result, retry_after_s, *reply) &&
	    result == SEND_DONE)
		s->job->done++;
	else
		s->job->failed++;
	return result != SEND_AWAY;
}

static void send_codes(struct sender *);

/* How many were sent; those that cannot be now go back into the queue. */
static size_t
send_batch(struct sender *s, enum channel channel, int priority,
    const struct message *messages, size_t n)
{
	struct turn *t = &s->turns[channel];
	const char *reply = "";
	bool is_away = false;
	size_t i;

	for (i = 0; i < n && !is_away && !job_should_stop(s->job); i++) {
		if (priority > PRIORITY_NOW)
			send_codes(s);
		is_away = !send_one(s, channel, &messages[i], &reply);
	}
	i -= is_away;
	if (i < n)
		queue_release(s->r, messages + i, n - i, is_away ? reply : "");
	if (!is_away)
		t->away_us = 0;
	else if (t->away_us == 0)
		t->away_us = CLOCK_SECOND;
	else if (t->away_us < AWAY_MAX_US)
		t->away_us *= 2;
	t->retry_at_us = clock_monotonic_us() + t->away_us;
	t->left -= (int64_t)i;
	return i;
}

/* Between any two messages, if there are some: they wait for no channel's turn,
 * but count in it. */
static void
send_codes(struct sender *s)
{
	static const enum channel channels[] = { CHANNEL_SMS, CHANNEL_MAIL };
	int64_t now = clock_monotonic_us();
	struct message *messages;
	size_t n;

	if (now - s->codes_us < CODES_US)
		return;
	s->codes_us = now;
	for (size_t i = 0; i < ARRAY_LEN(channels); i++)
		if (now >= s->turns[channels[i]].retry_at_us &&
		    queue_claim(s->r, channels[i], PRIORITY_NOW, BATCH, &messages,
		    &n) && n > 0)
			send_batch(s, channels[i], PRIORITY_NOW, messages, n);
}

static int
run(struct job *job, struct request *r)
{
	const struct conf *conf = r->app->conf;
	struct turn turns[] = {
		[CHANNEL_MAIL] = { .per_minute = conf->mail_per_minute },
		[CHANNEL_SMS] = { .per_minute = conf->sms_per_minute },
		[CHANNEL_PUSH] = { .per_minute = conf->push_per_minute },
	};
	struct sender sender = { job, r, mailer_new(conf->smtp_url,
	    conf->smtp_user, secret_of(r, conf->smtp_password_file), TIMEOUT_MS),
	    turns, 0 };
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
		job_start_step(job, r);
		sender.codes_us = 0;
		send_codes(&sender);
		for (int c = 0; c < CHANNEL_COUNT && !job_should_stop(job); c++) {
			int most = allowed(&turns[c]);

			job_start_step(job, r);
			if (most <= 0 || !queue_claim(r, (enum channel)c,
			    PRIORITY_ANY, most, &messages, &n))
				continue;
			sent += send_batch(&sender, (enum channel)c,
			    PRIORITY_ANY, messages, n);
		}
		if (sent == 0 && job_is_looping(job))
			db_wait(r->db, 1000);
	} while (!job_should_stop(job) && (sent > 0 || job_is_looping(job)));
	mailer_free(sender.mailer);
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

/*
 * send_notifications: hands the queue of mails to the mail server.
 *
 * A mail is claimed, sent, and marked, each committed by itself. A crash
 * between the server's answer and the mark sends it again, with the same
 * Message-ID: at least once, and exactly once when nothing is killed there.
 */
#include "cgi/notifications/notifications.h"

#include "base/clock.h"
#include "job/job.h"
#include "net/mail.h"

#define BATCH 20
#define TIMEOUT_MS 15000

static void
send_one(struct job *job, struct request *r, struct mailer *mailer,
    const struct message *m)
{
	const struct mail mail = {
		.from_address = r->app->conf->mail_from, .from_name = "Zoco",
		.to_address = m->to_address, .to_name = m->to_name,
		.subject = m->subject, .text = m->text, .html = m->html,
		.message_id = m->message_id, .date_us = m->created_at,
		.language = m->lang,
	};
	enum mail_result result = mailer_send(mailer, &mail);
	static const char *const names[] = {
		[MAIL_SENT] = "sent", [MAIL_TEMPORARY] = "temporary",
		[MAIL_PERMANENT] = "permanent", [MAIL_UNKNOWN] = "unknown"
	};

	if (result == MAIL_SENT) {
		job->done += queue_sent(r, m, mailer_reply(mailer));
		return;
	}
	job->failed++;
	queue_failed(r, m, result == MAIL_PERMANENT, names[result],
	    mailer_reply(mailer));
}

static const char *
password(struct request *r)
{
	FILE *file = fopen(r->app->conf->smtp_password_file, "re");
	char *text = arena_alloc(r->arena, 256);

	if (file == NULL)
		return NULL;
	text[fread(text, 1, 255, file)] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	fclose(file);
	return text;
}

static int
run(struct job *job, struct request *r)
{
	struct mailer *mailer = mailer_new(r->app->conf->smtp_url,
	    r->app->conf->smtp_user, password(r), TIMEOUT_MS);
	struct message *messages;
	size_t n;

	db_listen(r->db, "message");
	do {
		job_start_step(job, r);
		if (job->dry_run)
			break;
		if (!queue_claim(r, BATCH, &messages, &n))
			n = 0;
		for (size_t i = 0; i < n; i++)
			send_one(job, r, mailer, &messages[i]);
		if (n == 0 && job_is_looping(job))
			db_wait(r->db, 1000);
	} while (!job_should_stop(job) && (n > 0 || job_is_looping(job)));
	mailer_free(mailer);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct job_program program = {
		.name = "send_notifications",
		.domain = &notifications_program,
		.summary = "hands the queue of mails to the mail server",
		.run = run,
	};

	return job_main(&program, argc, argv);
}

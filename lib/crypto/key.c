#include "crypto/key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "crypto/token.h"

#define DIGITS 64

static bool
fail(char *error, size_t n, const char *path, const char *why)
{
	snprintf(error, n, "key file %s: %s", path, why);
	return false;
}

/* Reads up to n bytes, which a regular file gives at once; -1 on an error. */
static ssize_t
read_some(int fd, char *out, size_t n)
{
	ssize_t got;

	do
		got = read(fd, out, n);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool
parse(char *text, ssize_t n, struct key *key)
{
	if (n == DIGITS + 1 && text[DIGITS] == '\n')
		n--;
	if (n != DIGITS)
		return false;
	text[DIGITS] = '\0';
	return bytes_from_hex(text, key->bytes, sizeof(key->bytes));
}

static const char *
load(int fd, struct key *key)
{
	char text[DIGITS + 2];	/* one more than is right, to notice it */
	struct stat st;
	ssize_t n;
	bool parsed;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if ((st.st_mode & 077) != 0)
		return "open to its group or to others, must be mode 0400";
	if ((n = read_some(fd, text, sizeof(text))) < 0)
		return strerror(errno);
	parsed = parse(text, n, key);
	sodium_memzero(text, sizeof(text));
	return parsed ? NULL : "must hold 64 hexadecimal digits";
}

bool
key_load(const char *path, struct key *key, char *error, size_t n)
{
	/* O_NONBLOCK: a pipe in the key's place shall not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why;

	if (fd < 0)
		return fail(error, n, path, strerror(errno));
	why = load(fd, key);
	close(fd);
	return why == NULL || fail(error, n, path, why);
}

/* Writes all and waits for the disk: what a lost key has sealed is lost too. */
static bool
write_whole(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0;
}

bool
key_create(const char *path, char *error, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	struct key key;
	char text[DIGITS + 1];
	int fault = 0;

	if (fd < 0)
		return fail(error, n, path, strerror(errno));
	random_bytes(key.bytes, sizeof(key.bytes));
	bytes_to_hex(key.bytes, sizeof(key.bytes), text);
	text[DIGITS] = '\n';
	if (!write_whole(fd, text, sizeof(text)))
		fault = errno;
	close(fd);
	sodium_memzero(&key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	if (fault == 0)
		return true;
	unlink(path);
	return fail(error, n, path, strerror(fault));
}

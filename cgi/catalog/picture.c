#include "picture.h"

#include <fcntl.h>
#include <gd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "crypto/token.h"

#define PIXELS_MAX (40 * 1000 * 1000)
#define SIDE_MAX 12000
#define MEMORY_MAX (768UL * 1024 * 1024)
#define SECONDS_MAX 10
#define QUALITY 82

#define USUAL 640		/* the width of `src` */

/* The widths that are made of a picture: the fixed ones that it reaches, and its
 * own where that is less than what a page shows. Gives their number. */
static int
plan_widths(int own, int out[PICTURE_WIDTHS_MAX])
{
	static const int fixed[] = { 160, 320, USUAL, 960, 1280, 1920 };
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(fixed) && fixed[i] <= own; i++)
		out[n++] = fixed[i];
	if (own < USUAL && (n == 0 || out[n - 1] < own))
		out[n++] = own;
	return n;
}

/* What the child tells of a picture. */
struct report {
	int result;
	int width, height;	/* of the source */
};

static unsigned
be16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned
le24(const unsigned char *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16;
}

/* A JPEG's measures and how it is turned (EXIF orientation, 1 if not said). */
static bool
measure_jpeg(const unsigned char *p, size_t n, unsigned *w, unsigned *h)
{
	size_t at = 2;

	while (at + 9 < n && p[at] == 0xff) {
		unsigned kind = p[at + 1], length = be16(p + at + 2);

		if (kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 &&
		    kind != 0xcc) {
			*h = be16(p + at + 5);
			*w = be16(p + at + 7);
			return true;
		}
		at += kind == 0xff ? 1 : 2 + (size_t)length;
	}
	return false;
}

/* The measures that the first bytes claim, before anything is decoded. */
static bool
measure(const unsigned char *p, size_t n, unsigned *w, unsigned *h)
{
	if (n > 30 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0) {
		*w = be16(p + 16) << 16 | be16(p + 18);
		*h = be16(p + 20) << 16 | be16(p + 22);
		return true;
	}
	if (n > 30 && memcmp(p, "\xff\xd8\xff", 3) == 0)
		return measure_jpeg(p, n, w, h);
	if (n > 30 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0) {
		if (memcmp(p + 12, "VP8X", 4) == 0) {
			*w = le24(p + 24) + 1;
			*h = le24(p + 27) + 1;
		} else if (memcmp(p + 12, "VP8L", 4) == 0) {
			*w = (le24(p + 21) & 0x3fff) + 1;
			*h = ((le24(p + 22) >> 6) & 0x3fff) + 1;
		} else {
			*w = (le24(p + 26) & 0x3fff);
			*h = (le24(p + 28) & 0x3fff);
		}
		return true;
	}
	return false;
}

static gdImagePtr
decode(const unsigned char *p, size_t n)
{
	void *bytes = (void *)(uintptr_t)p;

	if (p[0] == 0x89)
		return gdImageCreateFromPngPtr((int)n, bytes);
	if (p[0] == 0xff)
		return gdImageCreateFromJpegPtr((int)n, bytes);
	return gdImageCreateFromWebpPtr((int)n, bytes);
}

/* EXIF's orientation of a JPEG; 1 when it says none. */
static int
orientation(const unsigned char *p, size_t n)
{
	const unsigned char *at = n < 14 ? NULL :
	    memmem(p, n < 65536 ? n : 65536, "Exif\0\0", 6);
	bool is_little;

	if (p[0] != 0xff || at == NULL || at + 6 + 8 > p + n)
		return 1;
	at += 6;
	is_little = at[0] == 'I';
	for (const unsigned char *e = at + 8; e + 12 < p + n && e < at + 1024; e += 2) {
		unsigned tag = is_little ? (unsigned)e[0] | (unsigned)e[1] << 8 : be16(e);
		unsigned type = is_little ? (unsigned)e[2] | (unsigned)e[3] << 8 :
		    be16(e + 2);

		if (tag == 0x0112 && type == 3)
			return is_little ? e[8] : e[9];
	}
	return 1;
}

static gdImagePtr
turn(gdImagePtr image, int how)
{
	gdImagePtr turned;

	if (how == 2 || how == 4 || how == 5 || how == 7)
		gdImageFlipHorizontal(image);
	if (how == 3 || how == 4)
		gdImageFlipBoth(image);
	if (how != 5 && how != 6 && how != 7 && how != 8)
		return image;
	turned = gdImageRotateInterpolated(image, how == 6 || how == 7 ? 270 : 90, 0);
	gdImageDestroy(image);
	return turned;
}

static bool
write_file(const char path[4096], const void *bytes, size_t n)
{
	char temporary[4096 + 16];
	int fd;
	bool good;

	if (access(path, F_OK) == 0)
		return true;
	if (snprintf(temporary, sizeof(temporary), "%s.%d", path,
	    (int)getpid()) >= (int)sizeof(temporary))
		return false;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	good = fd >= 0 && write(fd, bytes, n) == (ssize_t)n;
	if (fd >= 0)
		close(fd);
	return good && rename(temporary, path) == 0;
}

static bool
write_width(gdImagePtr image, int width, const char *stem)
{
	int height = (int)((int64_t)gdImageSY(image) * width / gdImageSX(image));
	gdImagePtr small = gdImageCreateTrueColor(width, height > 0 ? height : 1);
	char path[4096];
	void *bytes;
	int n = 0;
	bool good;

	if (small == NULL)
		return false;
	gdImageAlphaBlending(small, 0);
	gdImageSaveAlpha(small, 1);
	gdImageCopyResampled(small, image, 0, 0, 0, 0, width, gdImageSY(small),
	    gdImageSX(image), gdImageSY(image));
	bytes = gdImageWebpPtrEx(small, &n, QUALITY);
	snprintf(path, sizeof(path), "%s-%d.webp", stem, width);
	good = bytes != NULL && write_file(path, bytes, (size_t)n);
	gdFree(bytes);
	gdImageDestroy(small);
	return good;
}

static void
ignore_messages(int priority, const char *format, va_list args)
{
	(void)priority;
	(void)format;
	(void)args;
}

/* In the child: all files of a picture. */
static struct report
make_files(const unsigned char *bytes, size_t n, const char *stem)
{
	struct report report = { .result = PICTURE_UNKNOWN };
	gdImagePtr image;
	int widths[PICTURE_WIDTHS_MAX], n_widths;

	gdSetErrorMethod(ignore_messages);
	image = decode(bytes, n);
	if (image == NULL)
		return report;
	if (!gdImageTrueColor(image))
		gdImagePaletteToTrueColor(image);
	if ((image = turn(image, orientation(bytes, n))) == NULL)
		return report;
	report.width = gdImageSX(image);
	report.height = gdImageSY(image);
	report.result = PICTURE_GOOD;
	n_widths = plan_widths(report.width, widths);
	for (int i = 0; i < n_widths; i++)
		if (!write_width(image, widths[i], stem))
			report.result = PICTURE_FAILED;
	return report;
}

static void
set_limit(int which, rlim_t value)
{
	struct rlimit limit = { value, value };

	setrlimit((__rlimit_resource_t)which, &limit);
}

static struct report
in_child(const unsigned char *bytes, size_t n, const char *stem)
{
	struct report report = { .result = PICTURE_FAILED };
	int fds[2], status;
	pid_t pid;
	ssize_t got;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return report;
	if ((pid = fork()) == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(SECONDS_MAX);
#ifndef __SANITIZE_ADDRESS__	/* its shadow is larger than any limit */
		set_limit(RLIMIT_AS, MEMORY_MAX);
#endif
		set_limit(RLIMIT_CPU, SECONDS_MAX);
		set_limit(RLIMIT_NPROC, 0);
		set_limit(RLIMIT_CORE, 0);
		report = make_files(bytes, n, stem);
		if (write(fds[1], &report, sizeof(report)) < 0)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	if (pid > 0) {
		do
			got = read(fds[0], &report, sizeof(report));
		while (got < 0 && errno == EINTR);
		if (got != sizeof(report))	/* a limit has ended it */
			report.result = PICTURE_UNKNOWN;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	return report;
}

enum picture_result
picture_make(struct arena *arena, const char *folder, const void *bytes,
    size_t n, struct picture *p)
{
	unsigned w = 0, h = 0;
	struct report report;
	char hash[DIGEST_HEX_SIZE];
	const char *stem;
	int best = 0;

	memset(p, 0, sizeof(*p));
	if (!measure(bytes, n, &w, &h) || w == 0 || h == 0)
		return PICTURE_UNKNOWN;
	if (w > SIDE_MAX || h > SIDE_MAX || (uint64_t)w * h > PIXELS_MAX)
		return PICTURE_TOO_LARGE;
	digest_sha256_hex(bytes, n, hash);
	stem = arena_printf(arena, "%s/%s", folder, hash);
	report = in_child(bytes, n, stem);
	if (report.result != PICTURE_GOOD)
		return (enum picture_result)report.result;
	p->widths_n = plan_widths(report.width, p->widths);
	for (int i = 0; i < p->widths_n; i++)
		if (p->widths[i] <= USUAL)
			best = p->widths[i];
	p->width = best;
	p->height = (int)((int64_t)report.height * best / report.width);
	p->src = arena_printf(arena, "/media/%s-%d.webp", hash, best);
	return PICTURE_GOOD;
}

/*
 * Pictures that staff send, made into files that shoppers get.
 *
 * A child of its own reads the bytes, which may be anything: it has no more
 * memory and time than its limits say, and it can only write files. What it
 * makes is WebP without metadata, in each of the fixed widths up to its own.
 */
#ifndef ZOCO_CGI_CATALOG_PICTURE_H
#define ZOCO_CGI_CATALOG_PICTURE_H

#include "base/arena.h"

#define PICTURE_WIDTHS_MAX 8

struct picture {
	const char *src;	/* "/media/<sha256>-640.webp" */
	int width, height;	/* of that file */
	int widths[PICTURE_WIDTHS_MAX];
	int widths_n;
};

enum picture_result {
	PICTURE_GOOD,
	PICTURE_UNKNOWN,	/* neither JPEG, PNG, WebP nor GIF, or damaged */
	PICTURE_TOO_LARGE,	/* more pixels than we take */
	PICTURE_FAILED,		/* no room on the disk, no process */
};

/* Makes the files in `folder`; the same bytes make the same names. */
enum picture_result picture_make(struct arena *, const char *folder,
    const void *bytes, size_t n, struct picture *);

#endif

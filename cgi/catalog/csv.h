/*
 * CSV (RFC 4180) as a stream: rows of cells, in memory that does not grow with
 * the file. Lines may end in CR LF, LF or CR; the separator is the one of ',',
 * ';' and tab that the first line has most.
 */
#ifndef ZOCO_CGI_CATALOG_CSV_H
#define ZOCO_CGI_CATALOG_CSV_H

#include "base/buf.h"

#define CSV_CELLS_MAX 64
#define CSV_ROW_MAX (256 * 1024)	/* bytes of a row */

struct csv {
	/* Gives up to n bytes into out; 0 at the end, -1 when they are lost. */
	ssize_t (*read)(void *context, char *out, size_t n);
	void *context;
	char *data;		/* of 2 * CSV_ROW_MAX bytes */
	size_t at, n;
	bool is_over;
	char separator;
	int line;		/* of the row given last, from 1 */
	int next_line;
};

enum csv_result { CSV_ROW, CSV_END, CSV_LOST, CSV_UNCLOSED, CSV_TOO_LONG };

void csv_init(struct csv *, struct arena *,
    ssize_t (*read)(void *, char *, size_t), void *context);

/* The next row's cells, unquoted, NUL-terminated, valid until the next call.
 * Rows without anything in them are skipped. */
enum csv_result csv_next(struct csv *, char *cells[CSV_CELLS_MAX], size_t *n);

/* A cell, quoted where it must be. */
void csv_put(struct buf *, const char *cell);

#endif

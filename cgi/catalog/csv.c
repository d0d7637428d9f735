#include "csv.h"

void
csv_init(struct csv *c, struct arena *arena,
    ssize_t (*read)(void *, char *, size_t), void *context)
{
	*c = (struct csv){ .read = read, .context = context, .next_line = 1,
	    .data = arena_alloc(arena, 2 * CSV_ROW_MAX + 1) };
}

/* More bytes behind those that are not used yet; false when they are lost. */
static bool
fill(struct csv *c)
{
	memmove(c->data, c->data + c->at, c->n - c->at);
	c->n -= c->at;
	c->at = 0;
	while (!c->is_over && c->n < CSV_ROW_MAX) {
		ssize_t n = c->read(c->context, c->data + c->n,
		    2 * CSV_ROW_MAX - c->n);

		if (n < 0)
			return false;
		c->is_over = n == 0;
		c->n += (size_t)n;
	}
	c->data[c->n] = '\0';
	return true;
}

static char
guess_separator(const char *line)
{
	static const char candidates[] = ",;\t";
	size_t most = 0, end = strcspn(line, "\r\n");
	char best = ',';

	for (const char *s = candidates; *s != '\0'; s++) {
		size_t n = 0;

		for (size_t i = 0; i < end; i++)
			n += line[i] == *s;
		if (n > most) {
			most = n;
			best = *s;
		}
	}
	return best;
}

/* One cell in place from *p, which moves behind it; false: not closed. */
static bool
read_cell(struct csv *c, char **p, char *end, char **cell)
{
	char *from = *p, *to = *p;

	*cell = to;
	if (*from == '"') {
		for (from++; from < end; from++) {
			if (*from == '"' && (from + 1 == end || from[1] != '"'))
				break;
			from += *from == '"';
			c->next_line += *from == '\n';
			*to++ = *from;
		}
		if (from == end)
			return false;
		from++;
	}
	while (from < end && *from != c->separator && *from != '\n' && *from != '\r')
		*to++ = *from++;
	*p = from;
	if (to < from || from == end)
		*to = '\0';
	return true;
}

enum csv_result
csv_next(struct csv *c, char *cells[CSV_CELLS_MAX], size_t *n)
{
	for (;;) {
		char *p, *end, *start, ends;

		if (c->n - c->at < CSV_ROW_MAX && !c->is_over && !fill(c))
			return CSV_LOST;
		if (c->separator == '\0') {
			if (strncmp(c->data, "\xef\xbb\xbf", 3) == 0)
				c->at = 3;
			c->separator = guess_separator(c->data + c->at);
		}
		if (c->at == c->n)
			return CSV_END;
		start = p = c->data + c->at;
		end = c->data + c->n;
		c->line = c->next_line;
		*n = 0;
		do {
			char *cell, *at = p;

			if (!read_cell(c, &p, end, &cell)) {
				c->at = c->n;
				return c->is_over ? CSV_UNCLOSED : CSV_TOO_LONG;
			}
			ends = p < end ? *p : '\0';
			if (p < end && cell + strlen(cell) >= p)
				*p = '\0';
			if (*n < CSV_CELLS_MAX)
				cells[(*n)++] = cell;
			if (ends != '\0')
				p++;
			if (at == p)
				break;
		} while (ends == c->separator);
		if (p == end && !c->is_over) {
			c->at = c->n;
			return CSV_TOO_LONG;
		}
		if (ends == '\r' && p < end && *p == '\n')
			p++;
		c->next_line++;
		c->at = (size_t)(p - c->data);
		if (*n > 1 || cells[0][0] != '\0')
			return CSV_ROW;
		(void)start;
	}
}

void
csv_put(struct buf *out, const char *cell)
{
	if (cell[strcspn(cell, "\",;\t\r\n")] == '\0' && cell[0] != ' ') {
		buf_puts(out, cell);
		return;
	}
	buf_putc(out, '"');
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			buf_putc(out, '"');
		buf_putc(out, *cell);
	}
	buf_putc(out, '"');
}

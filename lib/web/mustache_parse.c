#include "web/mustache_internal.h"

#include "web/mustache_scan.h"
#include "web/words.h"

struct open_tag {
	uint32_t node;
	const char *name, *at;
	size_t n, strip;	/* strip: the parser's, around the tag */
};

struct parser {
	struct arena *arena;
	struct template *template;
	uint32_t capacity;
	struct scan scan;
	const char *at;
	const char *line;		/* where the line begins, stripped */
	bool is_line_start;
	size_t strip;		/* blanks that lines lose, inside of blocks */
	struct open_tag stack[MUSTACHE_DEPTH_MAX];
	size_t depth;
	char *error;
	size_t error_size;
};

static bool PRINTF_LIKE(3, 4)
fault(struct parser *p, const char *at, const char *format, ...)
{
	int n = snprintf(p->error, p->error_size, "line %d: ",
	    scan_line_number(&p->scan, at));
	va_list args;

	if (n < 0 || (size_t)n >= p->error_size)
		return false;
	va_start(args, format);
	vsnprintf(p->error + n, p->error_size - (size_t)n, format, args);
	va_end(args);
	return false;
}

static bool
tag_is(const struct tag *tag, const char *name)
{
	return tag->n == strlen(name) && memcmp(tag->name, name, tag->n) == 0;
}

static bool
is_builtin(const struct tag *tag)
{
	return tag->kind == '#' && (tag_is(tag, "t") || tag_is(tag, "json"));
}

static struct node *
add_node(struct parser *p, enum node_kind kind)
{
	struct template *t = p->template;
	struct node *old = t->nodes, *node;

	if (t->n == p->capacity) {
		p->capacity = p->capacity == 0 ? 32 : p->capacity * 2;
		t->nodes = arena_new_array(p->arena, struct node, p->capacity);
		if (t->n > 0)
			memcpy(t->nodes, old, t->n * sizeof(*old));
	}
	node = &t->nodes[t->n++];
	*node = (struct node){ .kind = kind, .end = t->n };
	return node;
}

/* The innermost tag that is open, or NULL. */
static struct node *
innermost(const struct parser *p)
{
	return p->depth == 0 ? NULL :
	    &p->template->nodes[p->stack[p->depth - 1].node];
}

static bool
is_inheritance(enum node_kind kind)
{
	return kind == NODE_PARENT || kind == NODE_BLOCK;
}

static bool
is_in_parent(const struct parser *p)
{
	return p->depth > 0 && innermost(p)->kind == NODE_PARENT;
}

static void
add_text(struct parser *p, const char *s, size_t n)
{
	struct template *t = p->template;
	struct node *node = t->n == 0 ? NULL : &t->nodes[t->n - 1];

	if (n == 0 || is_in_parent(p))
		return;
	if (node != NULL && node->kind == NODE_TEXT &&
	    node->text + node->n == s) {
		node->n += n;
		return;
	}
	node = add_node(p, NODE_TEXT);
	node->text = s;
	node->n = n;
}

static bool
is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' ||
	    (unsigned char)c >= 0x80;
}

/* Copies a dotted name, taken apart; false when it is none. */
static bool
read_name(struct parser *p, const char *s, size_t n, struct name *name)
{
	char *parts = arena_strndup(p->arena, s, n);
	bool is_start = true;

	*name = (struct name){ .parts = parts, .n = 0 };
	if (n == 1 && *s == '.')
		return true;
	for (size_t i = 0; i < n; i++) {
		if (is_start ? !is_name_character(s[i]) :
		    s[i] != '.' && !is_name_character(s[i]))
			return false;
		name->n += is_start;
		is_start = s[i] == '.';
		if (is_start)
			parts[i] = '\0';
	}
	return !is_start;
}

/* The name of a template or a block: no dots, but slashes. */
static bool
copy_title(struct parser *p, const struct tag *tag, struct node *node)
{
	bool good = tag->n > 0;

	for (size_t i = 0; i < tag->n; i++)
		good = good && (is_name_character(tag->name[i]) ||
		    tag->name[i] == '/' || tag->name[i] == '.');
	node->text = arena_strndup(p->arena, tag->name, tag->n);
	node->n = tag->n;
	return good;
}

static bool
bad_name(struct parser *p, const struct tag *tag)
{
	return fault(p, tag->at, "'%.*s' is not a name", (int)tag->n,
	    tag->name);
}

static bool
push(struct parser *p, const struct tag *tag)
{
	if (p->depth == MUSTACHE_DEPTH_MAX)
		return fault(p, tag->at, "too many sections in one another");
	p->stack[p->depth++] = (struct open_tag){ .node = p->template->n - 1,
	    .name = tag->name, .at = tag->at, .n = tag->n, .strip = p->strip };
	return true;
}

static bool
pop(struct parser *p, const struct tag *tag)
{
	const struct open_tag *open;

	if (p->depth == 0)
		return fault(p, tag->at, "'%.*s' is closed but not open",
		    (int)tag->n, tag->name);
	open = &p->stack[p->depth - 1];
	if (open->n != tag->n || memcmp(open->name, tag->name, tag->n) != 0)
		return fault(p, tag->at,
		    "'%.*s' is closed where '%.*s' is open", (int)tag->n,
		    tag->name, (int)open->n, open->name);
	innermost(p)->end = p->template->n;
	p->strip = open->strip;
	p->depth--;
	return true;
}

static bool
add_value(struct parser *p, const struct tag *tag)
{
	struct node *node = add_node(p, NODE_VALUE);

	node->is_raw = tag->kind != '\0';
	if (node->is_raw && !(p->template->flags & TEMPLATE_ALLOW_RAW))
		return fault(p, tag->at, "'%.*s' would not be escaped",
		    (int)tag->n, tag->name);
	return read_name(p, tag->name, tag->n, &node->name) || bad_name(p, tag);
}

static bool
add_section(struct parser *p, const struct tag *tag)
{
	struct node *node = add_node(p, tag->kind == '#' ? NODE_SECTION :
	    NODE_INVERTED);

	if (!read_name(p, tag->name, tag->n, &node->name))
		return bad_name(p, tag);
	return push(p, tag);
}

/* A key of words, whose placeholders are dotted names. */
static bool
is_key(struct parser *p, const char *key)
{
	const char *brace, *name;
	struct name unused;
	size_t n;

	while ((brace = words_placeholder(key, &name, &n)) != NULL) {
		if (name[n] == '\0' || !read_name(p, name, n, &unused))
			return false;
		for (; key < brace; key++)
			if (*key != '.' && !is_name_character(*key))
				return false;
		key = name + n + 1;
	}
	for (; *key != '\0'; key++)
		if (*key != '.' && !is_name_character(*key))
			return false;
	return true;
}

/* {{#t}}key{{/t}} and {{#json}}name{{/json}}, up to their end. */
static bool
add_builtin(struct parser *p, struct tag *tag)
{
	bool is_words = tag_is(tag, "t");
	struct node *node = add_node(p, is_words ? NODE_WORDS : NODE_JSON);
	struct tag content = { .at = tag->at, .name = tag->end }, close;
	const char *end = scan_find_tag(&p->scan, tag->end);

	if (end == NULL || !scan_tag(&p->scan, end, &close) ||
	    close.kind != '/' || close.n != tag->n || memcmp(close.name, tag->name, tag->n) != 0)
		return fault(p, tag->at, "'%.*s' is not closed behind its name",
		    (int)tag->n, tag->name);
	content.n = (size_t)(end - tag->end);
	scan_trim(&content.name, &content.n);
	node->text = arena_strndup(p->arena, content.name, content.n);
	node->n = content.n;
	if (content.n == 0 || (is_words ? !is_key(p, node->text) :
	    !read_name(p, content.name, content.n, &node->name)))
		return bad_name(p, &content);
	tag->end = close.end;
	return true;
}

/* A partial, parent or block with the blanks that stand before it. */
static bool
add_inclusion(struct parser *p, const struct tag *tag, const char *indent,
    size_t indent_n)
{
	struct node *node = add_node(p, tag->kind == '>' ? NODE_PARTIAL :
	    tag->kind == '<' ? NODE_PARENT : NODE_BLOCK);

	node->indent = indent;
	node->indent_n = indent_n;
	if (!copy_title(p, tag, node))
		return bad_name(p, tag);
	return tag->kind == '>' || push(p, tag);
}

/* Makes the tag's node, and goes on behind the tag. */
static bool
add_tag(struct parser *p, struct tag *tag, const char *indent, size_t indent_n)
{
	bool good = true;

	if (is_in_parent(p) &&
	    (tag->kind == '\0' || !strchr("!=/$", tag->kind)))
		return fault(p, tag->at, "only blocks can stand in a parent");
	switch (tag->kind) {
	case '!':
		break;
	case '=':
		good = scan_set_delimiters(&p->scan, tag) ||
		    fault(p, tag->at, "these cannot be delimiters");
		break;
	case '#':
	case '^':
		good = is_builtin(tag) ? add_builtin(p, tag) :
		    add_section(p, tag);
		break;
	case '/':
		good = pop(p, tag);
		break;
	case '>':
	case '<':
	case '$':
		good = add_inclusion(p, tag, indent, indent_n);
		break;
	default:
		good = add_value(p, tag);
	}
	p->at = tag->end;
	return good;
}

/*
 * The block that was just opened ends its line. Its content will lose the
 * indentation of its first line, and so will get that of where it is put.
 */
static void
begin_indented_block(struct parser *p, const char *content)
{
	struct node *block = innermost(p);
	const char *s = content, *end;

	while ((end = scan_line_end(&p->scan, scan_blanks(&p->scan, s))) != NULL &&
	    end < p->scan.end)
		s = end;
	end = scan_blanks(&p->scan, s);
	block->is_standalone = true;
	block->indent_n = 0;
	if ((size_t)(end - s) > p->strip) {
		block->indent = s + p->strip;
		block->indent_n = (size_t)(end - s) - p->strip;
		p->strip = (size_t)(end - s);
	}
}

/*
 * Does a tag that prints nothing itself have the line at p->at to itself? Tags
 * of inheritance may share one, but for a block that the line also closes: that
 * is a place within the line.
 */
static bool
is_standalone(const struct parser *p)
{
	const char *s = scan_blanks(&p->scan, p->at);
	size_t tags = 0, opened = 0, depth = p->depth;
	bool are_inheritance = true, is_inline = false, starts_block = false;
	struct tag tag;

	do {
		if (!scan_is_tag(&p->scan, s) || !scan_tag(&p->scan, s, &tag) ||
		    tag.kind == '\0' || strchr("{&", tag.kind) ||
		    is_builtin(&tag))
			return false;
		if (tags++ == 0)
			starts_block = tag.kind == '$';
		if (tag.kind == '<' || tag.kind == '$')
			opened++;
		else if (tag.kind == '/' && opened > 0)
			is_inline |= --opened == 0 && starts_block;
		else if (tag.kind == '/' && depth > 0)
			are_inheritance = are_inheritance && is_inheritance(
			    p->template->nodes[p->stack[--depth].node].kind);
		else
			are_inheritance = false;
		s = scan_blanks(&p->scan, tag.end);
	} while (scan_line_end(&p->scan, s) == NULL);
	return tags == 1 || (are_inheritance && !is_inline);
}

static bool
parse_standalone_line(struct parser *p)
{
	const char *line = p->at, *end;
	struct tag tag;

	p->at = scan_blanks(&p->scan, p->at);
	do {
		size_t indent_n = (size_t)(p->at - line);

		if (!scan_tag(&p->scan, p->at, &tag) ||
		    !add_tag(p, &tag, line, indent_n))
			return false;
		p->at = line = scan_blanks(&p->scan, p->at);
	} while ((end = scan_line_end(&p->scan, p->at)) == NULL);
	if (tag.kind == '$')
		begin_indented_block(p, end);
	p->at = end;
	p->is_line_start = true;
	return true;
}

/* A tag within a line, or the text up to the next one or the line's end. */
static bool
parse_inline(struct parser *p)
{
	const char *s = p->at, *indent_end = scan_blanks(&p->scan, p->line);
	struct tag tag;

	if (scan_is_tag(&p->scan, s)) {
		if (!scan_tag(&p->scan, s, &tag))
			return fault(p, s, "the tag has no end");
		return add_tag(p, &tag, p->line, tag.kind == '$' &&
		    indent_end == s ? (size_t)(s - p->line) : 0);
	}
	while (s < p->scan.end && *s != '\n' && !scan_is_tag(&p->scan, s))
		s++;
	p->is_line_start = s < p->scan.end && *s == '\n';
	s += p->is_line_start;
	add_text(p, p->at, (size_t)(s - p->at));
	p->at = s;
	return true;
}

static void
start_line(struct parser *p)
{
	const char *text = scan_blanks(&p->scan, p->at);
	size_t blanks = (size_t)(text - p->at);

	p->at += blanks < p->strip ? blanks : p->strip;
	p->line = p->at;
	p->is_line_start = false;
}

static bool
not_closed(struct parser *p, const struct open_tag *open)
{
	return fault(p, open->at, "'%.*s' is not closed", (int)open->n,
	    open->name);
}

bool
template_parse(struct template *t, struct arena *arena, const char *text,
    size_t n, char *error, size_t size)
{
	struct parser p = {
		.arena = arena, .template = t, .at = text,
		.is_line_start = true, .scan = { text, text + n, "{{", "}}" },
		.error = error, .error_size = size,
	};
	bool good = true;

	while (good && p.at < p.scan.end) {
		if (p.is_line_start) {
			start_line(&p);
			if (is_standalone(&p)) {
				good = parse_standalone_line(&p);
				continue;
			}
		}
		good = p.at == p.scan.end || parse_inline(&p);
	}
	if (good && p.depth > 0)
		return not_closed(&p, &p.stack[p.depth - 1]);
	return good;
}

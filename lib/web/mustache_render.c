#include "web/mustache_internal.h"

#include <json-c/json.h>

#include "web/words.h"

#define INDENT_MAX 128
#define KEY_MAX 128

/* The blocks that a parent tag fills in, and the tag around it. */
struct filling {
	const struct template *template;
	uint32_t parent;		/* the tag's node in the template */
	const struct filling *outer;
};

struct render {
	const struct mustache_env *env;
	struct buf *out;
	struct json_object *context[MUSTACHE_DEPTH_MAX + 1];
	size_t context_n;		/* 1, and 1 a section: at most depth */
	int depth;
	const struct filling *fillings;	/* innermost first */
	char indent[INDENT_MAX];
	size_t indent_n;
	bool is_line_start;		/* kept only while there is an indent */
	bool failed;
};

static void render_nodes(struct render *, const struct template *,
    uint32_t from, uint32_t end);

static void
put_escaped(struct buf *out, const char *s, size_t n)
{
	static const struct {
		const char *text;
		size_t n;
	} escapes[256] = {
		['&'] = { "&amp;", 5 }, ['<'] = { "&lt;", 4 },
		['>'] = { "&gt;", 4 }, ['"'] = { "&quot;", 6 },
		['\''] = { "&#39;", 5 },
	};
	size_t begin = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (escapes[c].text == NULL)
			continue;
		buf_add(out, s + begin, i - begin);
		buf_add(out, escapes[c].text, escapes[c].n);
		begin = i + 1;
	}
	buf_add(out, s + begin, n - begin);
}

/* JSON text: these characters stand in its strings only. */
static void
put_script_safe(struct buf *out, const char *s, size_t n)
{
	size_t begin = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool is_separator = n - i >= 3 &&
		    (memcmp(s + i, "\xe2\x80\xa8", 3) == 0 ||
		    memcmp(s + i, "\xe2\x80\xa9", 3) == 0);

		if (c != '<' && c != '>' && c != '&' && !is_separator)
			continue;
		buf_add(out, s + begin, i - begin);
		if (is_separator) {
			i += 2;
			buf_printf(out, "\\u20%02x", (s[i] & 0x7f));
		} else {
			buf_printf(out, "\\u00%02x", c);
		}
		begin = i + 1;
	}
	buf_add(out, s + begin, n - begin);
}

static void
put_indent(struct render *r)
{
	if (r->indent_n > 0 && r->is_line_start)
		buf_add(r->out, r->indent, r->indent_n);
	r->is_line_start = false;
}

/* The template's own text; lines that are not empty get the indent. */
static void
put_text(struct render *r, const char *s, size_t n)
{
	if (r->indent_n == 0) {
		buf_add(r->out, s, n);
		return;
	}
	while (n > 0) {
		const char *newline = memchr(s, '\n', n);
		size_t line = newline == NULL ? n : (size_t)(newline - s) + 1;

		if (*s != '\n')
			put_indent(r);
		buf_add(r->out, s, line);
		r->is_line_start = newline != NULL;
		s += line;
		n -= line;
	}
}

static bool
has_member(struct json_object *object, const char *name,
    struct json_object **value)
{
	return json_object_is_type(object, json_type_object) &&
	    json_object_object_get_ex(object, name, value);
}

/* Finds the name's first part in the context, the rest within that. */
static struct json_object *
find(const struct render *r, const struct name *name)
{
	const char *part = name->parts;
	struct json_object *value = NULL;
	size_t i = r->context_n;

	if (name->n == 0)
		return r->context[i - 1];
	while (i > 0 && !has_member(r->context[i - 1], part, &value))
		i--;
	if (i == 0)
		return NULL;
	for (unsigned left = name->n - 1; left > 0; left--) {
		part += strlen(part) + 1;
		if (!has_member(value, part, &value))
			return NULL;
	}
	return value;
}

/* The same for a name in a message, which is not taken apart yet. */
static struct json_object *
find_dotted(const struct render *r, const char *s, size_t n)
{
	char parts[KEY_MAX];
	struct name name = { .parts = parts, .n = 1 };

	if (n >= sizeof(parts))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		parts[i] = s[i] == '.' ? '\0' : s[i];
		name.n += s[i] == '.';
	}
	parts[n] = '\0';
	return find(r, &name);
}

/* Text and numbers as text; "" for what has none. Gives the length in *n. */
static const char *
text_of(struct json_object *value, char number[32], size_t *n)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		*n = (size_t)json_object_get_string_len(value);
		return json_object_get_string(value);
	case json_type_int:
		*n = (size_t)snprintf(number, 32, "%" PRId64,
		    json_object_get_int64(value));
		return number;
	case json_type_double:
		return json_object_to_json_string_length(value,
		    JSON_C_TO_STRING_PLAIN, n);
	case json_type_boolean:
		*n = json_object_get_boolean(value) ? 4 : 5;
		return json_object_get_boolean(value) ? "true" : "false";
	case json_type_null:
	case json_type_object:
	case json_type_array:
		break;
	}
	*n = 0;
	return "";
}

static void
put_in_mode(struct render *r, const struct template *t, const char *s,
    size_t n)
{
	if (t->flags & TEMPLATE_TEXT)
		buf_add(r->out, s, n);
	else
		put_escaped(r->out, s, n);
}

static void
put_value(struct render *r, const struct template *t, struct json_object *value,
    bool is_raw)
{
	char number[32];
	size_t n;
	const char *s = text_of(value, number, &n);

	put_indent(r);
	if (is_raw)
		buf_add(r->out, s, n);
	else
		put_in_mode(r, t, s, n);
}

static void
put_json(struct render *r, const struct name *name)
{
	size_t n;
	const char *s = json_object_to_json_string_length(find(r, name),
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	put_indent(r);
	if (s != NULL)
		put_script_safe(r->out, s, n);
	else
		r->failed = true;
}

/* The key, its placeholders filled in; what does not fit is cut off. */
static void
make_key(const struct render *r, const char *pattern, char key[KEY_MAX])
{
	const char *brace, *name, *text;
	char number[32];
	size_t n, text_n, used = 0;

	while ((brace = words_placeholder(pattern, &name, &n)) != NULL &&
	    used < KEY_MAX) {
		text = text_of(find_dotted(r, name, n), number, &text_n);
		used += (size_t)snprintf(key + used, KEY_MAX - used, "%.*s%.*s",
		    (int)(brace - pattern), pattern, (int)text_n, text);
		pattern = name + n + 1;
	}
	if (used < KEY_MAX)
		snprintf(key + used, KEY_MAX - used, "%s", pattern);
}

static void
put_words(struct render *r, const struct template *t, const char *pattern)
{
	const struct words_message *message;
	const char *s, *brace, *name;
	char key[KEY_MAX];
	size_t n;

	make_key(r, pattern, key);
	put_indent(r);
	message = r->env == NULL || r->env->words == NULL ? NULL :
	    words_find(r->env->words, r->env->lang, key);
	if (message == NULL) {
		put_in_mode(r, t, key, strlen(key));
		return;
	}
	s = message->other;
	if (message->one != NULL)
		s = words_plural(message, json_object_get_int64(
		    find_dotted(r, message->count, message->count_n)));
	while ((brace = words_placeholder(s, &name, &n)) != NULL) {
		put_in_mode(r, t, s, (size_t)(brace - s));
		put_value(r, t, find_dotted(r, name, n), false);
		s = name + n + 1;
	}
	put_in_mode(r, t, s, strlen(s));
}

static bool
is_true(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return false;
	case json_type_boolean:
		return json_object_get_boolean(value);
	case json_type_string:
		return json_object_get_string_len(value) > 0;
	case json_type_array:
		return json_object_array_length(value) > 0;
	case json_type_int:
	case json_type_double:
	case json_type_object:
		break;
	}
	return true;
}

static void
render_section(struct render *r, const struct template *t, uint32_t at)
{
	struct json_object *value = find(r, &t->nodes[at].name);
	bool is_list = json_object_is_type(value, json_type_array);
	size_t n = is_list ? json_object_array_length(value) : 1;

	if (!is_true(value))
		return;
	r->context_n++;
	for (size_t i = 0; i < n; i++) {
		r->context[r->context_n - 1] = is_list ?
		    json_object_array_get_idx(value, i) : value;
		render_nodes(r, t, at + 1, t->nodes[at].end);
	}
	r->context_n--;
}

/* Adds to the indent; gives what it was long. One too long is left out. */
static size_t
push_indent(struct render *r, const struct node *node, bool is_line_start)
{
	size_t before = r->indent_n;

	if (node->indent_n == 0 || node->indent_n > INDENT_MAX - before)
		return before;
	memcpy(r->indent + before, node->indent, node->indent_n);
	r->indent_n += node->indent_n;
	r->is_line_start = is_line_start;
	return before;
}

/* A partial, or a parent with its fillings. */
static void
render_inclusion(struct render *r, const struct template *t, uint32_t at)
{
	const struct node *node = &t->nodes[at];
	const struct filling *outer = r->fillings;
	struct filling own = { t, at, outer };
	size_t before;

	if (node->target == NULL)
		return;
	if (node->kind == NODE_PARENT)
		r->fillings = &own;
	before = push_indent(r, node, true);
	render_nodes(r, node->target, 0, node->target->n);
	r->indent_n = before;
	r->fillings = outer;
}

/* The parent tag's block of that name; 0, which is never one, if none. */
static uint32_t
find_block(const struct filling *f, const struct node *block)
{
	const struct node *nodes = f->template->nodes;
	uint32_t end = nodes[f->parent].end;

	for (uint32_t i = f->parent + 1; i < end; i = nodes[i].end)
		if (nodes[i].kind == NODE_BLOCK && nodes[i].n == block->n &&
		    memcmp(nodes[i].text, block->text, block->n) == 0)
			return i;
	return 0;
}

/*
 * What stands in the block's place: the filling of the outermost parent tag
 * that has one, which may itself be filled by those around it only.
 */
static void
render_block(struct render *r, const struct template *t, uint32_t at)
{
	const struct node *block = &t->nodes[at];
	const struct filling *innermost = r->fillings, *from = NULL;
	uint32_t found = 0;
	size_t before = r->indent_n;

	for (const struct filling *f = innermost; f != NULL; f = f->outer) {
		uint32_t i = find_block(f, block);

		if (i != 0) {
			found = i;
			from = f;
		}
	}
	if (from != NULL) {
		t = from->template;
		at = found;
		r->fillings = from->outer;
	}
	if (block->is_standalone || from != NULL)
		push_indent(r, block, block->is_standalone);
	render_nodes(r, t, at + 1, t->nodes[at].end);
	r->indent_n = before;
	r->fillings = innermost;
}

static void
render_node(struct render *r, const struct template *t, uint32_t at)
{
	const struct node *node = &t->nodes[at];

	switch (node->kind) {
	case NODE_TEXT:
		put_text(r, node->text, node->n);
		break;
	case NODE_VALUE:
		put_value(r, t, find(r, &node->name), node->is_raw);
		break;
	case NODE_SECTION:
		render_section(r, t, at);
		break;
	case NODE_INVERTED:
		if (!is_true(find(r, &node->name)))
			render_nodes(r, t, at + 1, node->end);
		break;
	case NODE_PARTIAL:
	case NODE_PARENT:
		render_inclusion(r, t, at);
		break;
	case NODE_BLOCK:
		render_block(r, t, at);
		break;
	case NODE_WORDS:
		put_words(r, t, node->text);
		break;
	case NODE_JSON:
		put_json(r, &node->name);
		break;
	}
}

static void
render_nodes(struct render *r, const struct template *t, uint32_t from,
    uint32_t end)
{
	if (++r->depth > MUSTACHE_DEPTH_MAX)
		r->failed = true;
	while (from < end && !r->failed && !r->out->overflow) {
		render_node(r, t, from);
		from = t->nodes[from].end;
	}
	r->depth--;
}

bool
mustache_render(const struct templates *set, const char *name,
    struct json_object *context, const struct mustache_env *env,
    struct buf *out)
{
	const struct template *t = templates_find(set, name);
	struct render r = { .env = env, .out = out, .context_n = 1 };

	if (t == NULL)
		return false;
	r.context[0] = context;
	render_nodes(&r, t, 0, t->n);
	return !r.failed && !out->overflow;
}

#include "web/mustache.h"

#include "web/mustache_internal.h"
#include "web/words.h"

struct templates {
	struct arena *arena;
	struct template **sorted;	/* by name */
	size_t n, capacity;
};

struct templates *
templates_new(void)
{
	struct arena *arena = arena_new();
	struct templates *set = arena_new_of(arena, struct templates);

	set->arena = arena;
	return set;
}

void
templates_free(struct templates *set)
{
	if (set != NULL)
		arena_free(set->arena);
}

/* Where the name is, or would be: the first that is not less. */
static size_t
position_of(const struct templates *set, const char *name)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(set->sorted[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_at(const struct templates *set, size_t i, const char *name)
{
	return i < set->n && str_eq(set->sorted[i]->name, name);
}

const struct template *
templates_find(const struct templates *set, const char *name)
{
	size_t i = position_of(set, name);

	return is_at(set, i, name) ? set->sorted[i] : NULL;
}

bool
templates_has(const struct templates *set, const char *name)
{
	return templates_find(set, name) != NULL;
}

static void
insert(struct templates *set, size_t i, struct template *t)
{
	if (set->n == set->capacity) {
		struct template **old = set->sorted;

		set->capacity = set->capacity == 0 ? 64 : set->capacity * 2;
		set->sorted = arena_new_array(set->arena, struct template *,
		    set->capacity);
		if (set->n > 0)
			memcpy(set->sorted, old, set->n * sizeof(*old));
	}
	memmove(set->sorted + i + 1, set->sorted + i,
	    (set->n - i) * sizeof(*set->sorted));
	set->sorted[i] = t;
	set->n++;
}

bool
templates_add(struct templates *set, const char *name, const char *text,
    size_t n, int flags, char *error, size_t size)
{
	struct template *t = arena_new_of(set->arena, struct template);
	size_t i = position_of(set, name);

	t->name = arena_strdup(set->arena, name);
	t->flags = flags;
	if (!template_parse(t, set->arena, arena_strndup(set->arena, text, n),
	    n, error, size))
		return false;
	if (is_at(set, i, name))
		set->sorted[i] = t;
	else
		insert(set, i, t);
	return true;
}

/* Gives what is wrong, NULL when nothing is. */
static const char *
link_node(const struct templates *set, const struct template *t,
    struct node *node)
{
	if (node->kind != NODE_PARTIAL && node->kind != NODE_PARENT)
		return NULL;
	node->target = templates_find(set, node->text);
	if (node->target == NULL)
		return "is missing";
	if ((node->target->flags ^ t->flags) & TEMPLATE_TEXT) {
		node->target = NULL;
		return "does not escape alike";
	}
	return NULL;
}

bool
templates_link(struct templates *set, char *error, size_t size)
{
	bool good = true;

	for (size_t i = 0; i < set->n; i++)
		for (uint32_t j = 0; j < set->sorted[i]->n; j++) {
			struct template *t = set->sorted[i];
			const char *fault = link_node(set, t, &t->nodes[j]);

			if (fault == NULL)
				continue;
			if (good)
				snprintf(error, size, "%s: '%s' %s", t->name,
				    t->nodes[j].text, fault);
			good = false;
		}
	return good;
}

size_t
templates_unknown_words(const struct templates *set, const struct words *words,
    struct buf *out)
{
	size_t unknown = 0;

	for (size_t i = 0; i < set->n; i++)
		for (uint32_t j = 0; j < set->sorted[i]->n; j++) {
			const struct node *node = &set->sorted[i]->nodes[j];

			if (node->kind != NODE_WORDS ||
			    strchr(node->text, '{') != NULL ||
			    words_find(words, "", node->text) != NULL)
				continue;
			buf_printf(out, "%s: %s\n", set->sorted[i]->name,
			    node->text);
			unknown++;
		}
	return unknown;
}

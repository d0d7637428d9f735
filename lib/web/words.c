#include "web/words.h"

#include <json-c/json.h>

#include "web/json_scan.h"

#define FIRST_SLOTS 256

struct entry {
	const char *key;
	/* `other` is NULL where the language lacks it */
	struct words_message by_language[WORDS_LANGUAGES_MAX];
};

struct words {
	struct arena *arena;
	const char *languages[WORDS_LANGUAGES_MAX];
	size_t languages_n;
	struct entry **entries;		/* in the order they came */
	size_t n;
	uint32_t *slots;		/* index of an entry + 1; 0 is free */
	size_t slots_n;			/* a power of two, over 2 * n */
};

struct words *
words_new(void)
{
	struct arena *arena = arena_new();
	struct words *words = arena_new_of(arena, struct words);

	words->arena = arena;
	words->slots_n = FIRST_SLOTS;
	words->slots = arena_new_array(arena, uint32_t, words->slots_n);
	words->entries = arena_new_array(arena, struct entry *,
	    words->slots_n / 2);
	return words;
}

void
words_free(struct words *words)
{
	if (words != NULL)
		arena_free(words->arena);
}

/* FNV-1a: the keys are our own, nobody can choose them to collide. */
static size_t
hash_of(const char *key)
{
	uint64_t hash = 14695981039346656037U;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211U;
	return (size_t)(hash ^ hash >> 32);
}

/* The slot where the key is, or where it would go. */
static uint32_t *
slot_of(const struct words *words, const char *key)
{
	size_t i = hash_of(key) & (words->slots_n - 1);

	while (words->slots[i] != 0 &&
	    !str_eq(words->entries[words->slots[i] - 1]->key, key))
		i = (i + 1) & (words->slots_n - 1);
	return &words->slots[i];
}

static void
grow(struct words *words)
{
	struct entry **entries = words->entries;

	words->slots_n *= 2;
	words->slots = arena_new_array(words->arena, uint32_t, words->slots_n);
	words->entries = arena_new_array(words->arena, struct entry *,
	    words->slots_n / 2);
	for (size_t i = 0; i < words->n; i++) {
		words->entries[i] = entries[i];
		*slot_of(words, entries[i]->key) = (uint32_t)i + 1;
	}
}

static struct entry *
entry_of(struct words *words, const char *key)
{
	uint32_t *slot = slot_of(words, key);

	if (*slot == 0) {
		struct entry *entry = arena_new_of(words->arena, struct entry);

		if (words->n + 1 >= words->slots_n / 2) {
			grow(words);
			slot = slot_of(words, key);
		}
		entry->key = arena_strdup(words->arena, key);
		words->entries[words->n++] = entry;
		*slot = (uint32_t)words->n;
	}
	return words->entries[*slot - 1];
}

/* The index of a language; languages_n when it is unknown. */
static size_t
language_index(const struct words *words, const char *lang)
{
	size_t i = 0;

	while (i < words->languages_n && !str_eq(words->languages[i], lang))
		i++;
	return i;
}

const char *
words_placeholder(const char *s, const char **name, size_t *n)
{
	const char *brace = strchr(s, '{');

	if (brace != NULL) {
		*name = brace + 1;
		*n = strcspn(*name, "}");
	}
	return brace;
}

static bool
is_name(const char *s, size_t n)
{
	bool is_start = true;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' ? is_start : !isalnum((unsigned char)s[i]) &&
		    s[i] != '_')
			return false;
		is_start = s[i] == '.';
	}
	return !is_start;
}

/* Do the braces of the text make placeholders? */
static bool
is_message(const char *s)
{
	const char *brace, *name;
	size_t n;

	while ((brace = words_placeholder(s, &name, &n)) != NULL) {
		if (name[n] == '\0' || !is_name(name, n) ||
		    memchr(s, '}', (size_t)(brace - s)) != NULL)
			return false;
		s = name + n + 1;
	}
	return strchr(s, '}') == NULL;
}

/* Reads a string; false when it is none, or its braces are wrong. */
static bool
read_text(struct words *words, struct json_object *value, const char **text)
{
	if (!json_object_is_type(value, json_type_string))
		return false;
	*text = arena_strndup(words->arena, json_object_get_string(value),
	    (size_t)json_object_get_string_len(value));
	return is_message(*text);
}

static bool
read_message(struct words *words, struct json_object *value,
    struct words_message *m)
{
	struct json_object *one, *other;

	if (!json_object_is_type(value, json_type_object))
		return read_text(words, value, &m->other);
	return json_object_object_length(value) == 2 &&
	    json_object_object_get_ex(value, "one", &one) &&
	    json_object_object_get_ex(value, "other", &other) &&
	    read_text(words, one, &m->one) &&
	    read_text(words, other, &m->other) &&
	    words_placeholder(m->other, &m->count, &m->count_n) != NULL;
}

static bool
add_all(struct words *words, size_t language, struct json_object *catalogue,
    char *error, size_t size)
{
	json_object_object_foreach(catalogue, key, value) {
		struct words_message message = { 0 };

		if (!read_message(words, value, &message)) {
			snprintf(error, size, "'%s' is neither a text with"
			    " {placeholders} nor {\"one\", \"other\"} that"
			    " counts one", key);
			return false;
		}
		entry_of(words, key)->by_language[language] = message;
	}
	return true;
}

static int
line_of(const char *text, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* The object; NULL after a sentence. */
static struct json_object *
parse(struct words *words, const char *json, size_t n, char *error,
    size_t size)
{
	size_t offset;
	enum json_fault fault =
	    json_scan(words->arena, json, n, JSON_GRAMMAR, &offset);
	struct json_tokener *tokener;
	struct json_object *object;

	if (fault != JSON_GOOD) {
		snprintf(error, size, "line %d: %s", line_of(json, offset),
		    json_fault_message(fault));
		return NULL;
	}
	tokener = json_tokener_new_ex(JSON_GRAMMAR_DEPTH + 1);
	object = json_tokener_parse_ex(tokener, json, (int)n);
	json_tokener_free(tokener);
	if (!json_object_is_type(object, json_type_object)) {
		snprintf(error, size, "line 1: not an object of messages");
		json_object_put(object);
		return NULL;
	}
	return object;
}

bool
words_add(struct words *words, const char *lang, const char *json, size_t n,
    char *error, size_t size)
{
	size_t language = language_index(words, lang);
	struct json_object *catalogue;
	bool good;

	if (language == WORDS_LANGUAGES_MAX) {
		snprintf(error, size, "more than %d languages",
		    WORDS_LANGUAGES_MAX);
		return false;
	}
	if ((catalogue = parse(words, json, n, error, size)) == NULL)
		return false;
	if (language == words->languages_n)
		words->languages[words->languages_n++] =
		    arena_strdup(words->arena, lang);
	good = add_all(words, language, catalogue, error, size);
	json_object_put(catalogue);
	return good;
}

const struct words_message *
words_find(const struct words *words, const char *lang, const char *key)
{
	size_t language = language_index(words, lang);
	uint32_t slot = *slot_of(words, key);
	const struct entry *entry;

	if (slot == 0)
		return NULL;
	entry = words->entries[slot - 1];
	if (language == words->languages_n ||
	    entry->by_language[language].other == NULL)
		for (language = 0; entry->by_language[language].other == NULL;)
			language++;
	return &entry->by_language[language];
}

const char *
words_text(const struct words *words, const char *lang, const char *key)
{
	const struct words_message *message = words_find(words, lang, key);

	return message != NULL ? message->other : key;
}

const char *
words_plural(const struct words_message *message, int64_t n)
{
	return message->one != NULL && n == 1 ? message->one : message->other;
}

/* The placeholders of `has` that `lacks` has not. */
static size_t
missing_placeholders(const char *key, const char *lang, const char *has,
    const char *lacks, struct buf *out)
{
	size_t missing = 0, n;
	const char *name, *at;

	while ((at = words_placeholder(has, &name, &n)) != NULL) {
		if (memmem(lacks, strlen(lacks), at, n + 2) == NULL) {
			buf_printf(out, "%s: %s {%.*s}\n", lang, key, (int)n,
			    name);
			missing++;
		}
		has = name + n + 1;
	}
	return missing;
}

/* What the entry's message in `language` lacks that another has. */
static size_t
missing_in(const struct words *words, const struct entry *entry,
    size_t language, struct buf *out)
{
	const char *lang = words->languages[language];
	const char *text = entry->by_language[language].other;
	size_t missing = 0;

	if (text == NULL) {
		buf_printf(out, "%s: %s\n", lang, entry->key);
		return 1;
	}
	for (size_t i = 0; i < words->languages_n; i++)
		if (entry->by_language[i].other != NULL)
			missing += missing_placeholders(entry->key, lang,
			    entry->by_language[i].other, text, out);
	return missing;
}

size_t
words_missing(const struct words *words, struct buf *out)
{
	size_t missing = 0;

	for (size_t i = 0; i < words->n; i++)
		for (size_t j = 0; j < words->languages_n; j++)
			missing += missing_in(words, words->entries[i], j, out);
	return missing;
}

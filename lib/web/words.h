/*
 * Words: what the programs say, in every language of the shop.
 *
 * A catalogue is one JSON object a language, of keys and messages:
 *
 *	{
 *		"cart.title": "Your cart",
 *		"cart.hello": "Hello, {user.name}",
 *		"cart.count": { "one": "One thing", "other": "{n} things" }
 *	}
 *
 * A message is plain text, never HTML: whoever prints it escapes it. {name} and
 * {dotted.name} are placeholders; braces have no other use. The number that the
 * first placeholder of "other" stands for chooses the plural form: "one" for 1,
 * else "other", which are the rules of English and Spanish (CLDR's "many" of
 * Spanish, for whole millions, is left out).
 *
 * All files are added at start; after that the words are only read, so workers
 * share the memory.
 */
#ifndef ZOCO_WEB_WORDS_H
#define ZOCO_WEB_WORDS_H

#include "base/buf.h"

#define WORDS_LANGUAGES_MAX 8

struct words;

struct words_message {
	const char *one;	/* NULL: there is no plural */
	const char *other;	/* the text, where there is no plural */
	const char *count;	/* of a plural: the name in it that counts, */
	size_t count_n;		/* and its length */
};

/* The caller's, to words_free. */
struct words *words_new(void);
void words_free(struct words *);

/*
 * Adds the catalogue json[n] of a language ("es"). A message replaces an
 * earlier one of its key: the library's come first, then the program's, then
 * those of the shop's owner. On a fault false and a sentence with the line or
 * the key in error[size]; some messages may have been added then.
 */
bool words_add(struct words *, const char *lang, const char *json, size_t n,
    char *error, size_t size);

/*
 * The message in that language, else in the first that has it; NULL when none
 * has. Owned by the words.
 */
const struct words_message *words_find(const struct words *, const char *lang,
    const char *key);

/* The same as a text without plurals; the key itself when unknown. */
const char *words_text(const struct words *, const char *lang,
    const char *key);

/* The form for n of something. */
const char *words_plural(const struct words_message *, int64_t n);

/*
 * The next placeholder at or behind s: its '{' (NULL: there is none), the name
 * and its length. It ends at name + *n, where its '}' stands.
 */
const char *words_placeholder(const char *s, const char **name, size_t *n);

/*
 * Writes a line for each key, and each placeholder, that one language has and
 * another lacks: "en: cart.title", "es: cart.count {n}". Gives their number.
 */
size_t words_missing(const struct words *, struct buf *out);

#endif

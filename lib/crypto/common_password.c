#include "crypto/common_password.h"

#define WORD_MAX 64

/* Lines in order of their bytes, each ended by a newline; the Makefile's. */
extern const char common_passwords[], common_passwords_end[];

/* Compares a word with the line that begins at `line`. */
static int
compare(const char *word, const char *line)
{
	for (; *word != '\0' && *word == *line; word++, line++)
		;
	if (*line == '\n')
		return *word != '\0';
	return (unsigned char)*word < (unsigned char)*line ? -1 : 1;
}

static bool
is_listed(const char *word)
{
	const char *low = common_passwords, *high = common_passwords_end;

	while (low < high) {
		const char *line = low + (high - low) / 2;
		int order;

		while (line > low && line[-1] != '\n')
			line--;
		order = compare(word, line);
		if (order == 0)
			return true;
		if (order < 0) {
			high = line;
		} else {
			while (*line++ != '\n')
				;
			low = line;
		}
	}
	return false;
}

static bool
is_one_of(const char *word, const char *const words[])
{
	for (; *words != NULL; words++)
		if (**words != '\0' && strcasecmp(word, *words) == 0)
			return true;
	return false;
}

static bool
has_few_characters(const char *s)
{
	bool seen[256] = { false };
	int n = 0;

	for (; *s != '\0'; s++) {
		n += !seen[(unsigned char)*s];
		seen[(unsigned char)*s] = true;
	}
	return n < 5;
}

/* What stays in the middle; other than ASCII counts as letters. */
static void
strip(char *word)
{
	size_t from = 0, n = strlen(word);

	while (n > 0 && word[n - 1] > 0 && !isalpha((unsigned char)word[n - 1]))
		n--;
	while (from < n && word[from] > 0 && !isalpha((unsigned char)word[from]))
		from++;
	memmove(word, word + from, n - from);
	word[n - from] = '\0';
}

bool
password_is_common(const char *password, const char *const words[])
{
	char word[WORD_MAX];
	size_t n = strlen(password);

	if (has_few_characters(password))
		return true;
	if (n >= sizeof(word))
		return false;
	for (size_t i = 0; i <= n; i++)
		word[i] = (char)tolower((unsigned char)password[i]);
	if (is_listed(word) || is_one_of(word, words))
		return true;
	strip(word);
	return is_listed(word) || is_one_of(word, words);
}

size_t
common_passwords_count(void)
{
	size_t n = 0;

	for (const char *p = common_passwords; p < common_passwords_end; p++)
		n += *p == '\n';
	return n;
}

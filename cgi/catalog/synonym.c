/*
 * GET, POST /catalog/synonyms, DELETE /catalog/synonyms/{id}: words that the
 * merchant says mean the same. Whoever looks for one finds what has another.
 */
#include "catalog.h"

struct synonym {
	struct uuid id;
	int lang;
	const char **words;
	size_t words_n;
	const char *text;
};

SCHEMA(synonym_add_input, struct synonym,
	FIELD_ENUM(struct synonym, lang, languages, .required = true),
	FIELD_TEXTS(struct synonym, words, words_n, .required = true, .min = 2,
	    .max = 20, .help = "Words or expressions; single words are found by"));

SCHEMA(synonym_id_input, struct synonym,
	FIELD_UUID(struct synonym, id, .required = true));

SCHEMA(synonym_schema, struct synonym,
	FIELD_UUID(struct synonym, id),
	FIELD_ENUM(struct synonym, lang, languages),
	FIELD_TEXT(struct synonym, text, .help = "The words, with commas"));

static SCHEMA(words_schema, struct synonym,
	FIELD_TEXTS(struct synonym, words, words_n));

DB_QUERY(put_synonym, 3,
	"INSERT INTO synonym (id, lang, words, stems)"
	" SELECT $1::uuid, $2, w.list, synonym_stems($2, w.list)"
	" FROM (SELECT ARRAY(SELECT jsonb_array_elements_text("
	"  $3::jsonb->0->'words'))) AS w(list)"
	" RETURNING id, lang, array_to_string(words, ', ') AS text");
DB_QUERY(list_synonyms, 0,
	"SELECT id, lang, array_to_string(words, ', ') AS text FROM synonym"
	" ORDER BY id LIMIT 1000");
DB_QUERY(drop_synonym, 1, "DELETE FROM synonym WHERE id = $1::uuid");

static int
add(struct request *r, const struct synonym *in)
{
	struct synonym row;

	if (!db_one(r->db, &put_synonym, &synonym_schema, &row, P(uuid_new()),
	    P(languages[in->lang]), P(list_text(r, &words_schema, in, 1))))
		return 0;
	event_emit(r, EVENT_SYNONYM_CHANGED, row.id, &synonym_schema, &row);
	return reply(r, 201, &synonym_schema, &row);
}

int
synonym_add(struct request *r)
{
	return add(r, request_input(r));
}

SCHEMA(synonym_form_input, struct synonym,
	FIELD_ENUM(struct synonym, lang, languages, .required = true),
	FIELD_TEXT(struct synonym, text, .required = true, .max = 500));

/* The same from the page: "mug, cup, beaker". */
int
synonym_form(struct request *r)
{
	struct synonym *in = r->input;
	char *text = arena_strdup(r->arena, in->text), *rest = NULL;

	in->words = arena_new_array(r->arena, const char *, 251);
	for (char *word = strtok_r(text, ",", &rest); word != NULL;
	    word = strtok_r(NULL, ",", &rest)) {
		size_t n = strlen(word += strspn(word, " "));

		while (n > 0 && word[n - 1] == ' ')
			word[--n] = '\0';
		if (n > 0)
			in->words[in->words_n++] = word;
	}
	if (in->words_n >= 2 && in->words_n <= 20)
		return add(r, in);
	field_fault(r, "text", "elements", 2, 20);
	return r->status;
}

int
synonym_list(struct request *r)
{
	struct synonym *rows;
	size_t n;

	if (!db_all(r->db, &list_synonyms, &synonym_schema, &rows, &n))
		return 0;
	return reply_list(r, &synonym_schema, rows, n, NULL);
}

int
synonym_drop(struct request *r)
{
	const struct synonym *in = request_input(r);

	if (!db_exec(r->db, &drop_synonym, P(in->id)))
		return problem(r, PROBLEM_NOT_FOUND);
	event_emit(r, EVENT_SYNONYM_CHANGED, in->id, &synonym_id_input, in);
	return reply_empty(r, 204);
}

#include "web/page.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/log.h"
#include "web/app.h"
#include "web/json_in.h"
#include "web/mustache.h"
#include "web/params.h"
#include "web/words.h"

#define PAGE_MAX_BYTES (2 * 1024 * 1024)

static bool
is_for_people(const struct request *r)
{
	return r->route->kind == KIND_PAGE || r->route->kind == KIND_FRAGMENT;
}

bool
page_render(const struct app *app, const char *name, const char *lang,
    struct json_object *context, struct buf *out)
{
	struct mustache_env env = { .words = app->words, .lang = lang };

	if (mustache_render(app->templates, name, context, &env, out) &&
	    !out->overflow)
		return true;
	log_error("page.render", "%s cannot be rendered", name);
	return false;
}

/* The answer's members so far; an empty object where there are none. */
static struct json_object *
root_of(struct request *r)
{
	if (r->json == NULL || !json_object_is_type(r->json, json_type_object)) {
		r->json = json_object_new_object();
		json_keep(r->arena, r->json);
	}
	return r->json;
}

/* A further view: a failure leaves its part out, and the page stands. */
static struct json_object *
run_view(struct request *r, const struct route *page, const struct view *view)
{
	struct route row = *page;

	row.handler = view->handler;
	row.how = page->how & (TX_READ | TX_NONE);
	r->route = &row;
	r->json = NULL;
	dispatch_view(r);
	if (r->problem != PROBLEM_NONE || request_failed(r)) {
		db_start(r->db, r->arena);
		r->problem = PROBLEM_NONE;
		r->json = NULL;
	}
	r->route = page;
	return r->json;
}

void
page_views(struct request *r)
{
	const struct route *page = r->route;
	struct json_object *root;
	int status;

	dispatch_view(r);
	if (r->problem != PROBLEM_NONE || r->status >= 300)
		return;
	root = root_of(r);
	status = r->status;
	for (const struct view *v = page->also; v->name != NULL; v++) {
		struct json_object *part = run_view(r, page, v);

		if (part != NULL)
			json_object_object_add(root, v->name,
			    json_object_get(part));
	}
	r->json = root;
	r->status = status;
}

static struct json_object *
truth_of(const char *name)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, name, json_object_new_boolean(true));
	return object;
}

/* {"country": "ES"} -> {"country": {"ES": true}}, for selects and radios. */
static struct json_object *
choices_of(struct json_object *form)
{
	struct json_object *choices = json_object_new_object();

	json_object_object_foreach(form, name, value)
		if (value != NULL)
			json_object_object_add(choices, name,
			    json_object_is_type(value, json_type_object) ?
			    choices_of(value) :
			    truth_of(json_object_get_string(value)));
	return choices;
}

/* {"0": {..}, "1": {..}}, as forms send a list; 0: it is none. */
static size_t
list_length(struct json_object *value)
{
	size_t n = json_object_is_type(value, json_type_object) ?
	    (size_t)json_object_object_length(value) : 0;
	char key[24];

	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%zu", i);
		if (!json_object_is_type(json_object_object_get(value, key),
		    json_type_object))
			return 0;
	}
	return n;
}

/* A list that was typed, as an array; what is one already is left alone. */
static void
make_array(struct json_object *form, const char *name,
    struct json_object *value, size_t n)
{
	struct json_object *list = json_object_new_array();
	char key[24];

	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%zu", i);
		json_object_array_add(list,
		    json_object_get(json_object_object_get(value, key)));
	}
	json_object_object_add(form, name, list);
}

/* What a part of a form says of its own: the choices in it, and its faults. */
static void
finish_part(struct json_object *part, struct json_object *faults)
{
	if (!json_object_is_type(part, json_type_object))
		return;
	json_object_object_add(part, "is", choices_of(part));
	json_object_object_add(part, "errors", faults != NULL ?
	    json_object_get(faults) : json_object_new_object());
}

static void
finish_parts(struct json_object *form, struct json_object *errors)
{
	json_object_object_foreach(form, name, value) {
		struct json_object *faults = json_object_object_get(errors, name);
		size_t n = list_length(value);
		char key[24];

		if (n > 0)
			make_array(form, name, value, n);
		value = json_object_object_get(form, name);
		if (!json_object_is_type(value, json_type_array)) {
			finish_part(value, faults);
			continue;
		}
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			snprintf(key, sizeof(key), "%zu", i);
			finish_part(json_object_array_get_idx(value, i),
			    json_object_object_get(faults, key));
		}
	}
}

static void
finish_form(struct json_object *root)
{
	struct json_object *form = json_object_object_get(root, "form");

	if (!json_object_is_type(form, json_type_object))
		return;
	json_object_object_add(root, "form_is", choices_of(form));
	finish_parts(form, json_object_object_get(root, "errors"));
}

/* What was typed, less what is secret. */
static void
add_form(struct request *r, const struct schema *schema,
    struct json_object *root)
{
	struct json_object *form = json_object_get(r->input_tree);

	if (form == NULL)
		return;
	for (const struct field *f = schema != NULL ? schema->fields : NULL;
	    f != NULL && f->name != NULL; f++)
		if (f->secret)
			json_object_object_del(form, f->name);
	json_object_object_add(root, "form", form);
}

static void
add_errors(struct request *r, struct json_object *root)
{
	struct json_object *errors = json_object_new_object();
	size_t n = r->field_errors == NULL ? 0 :
	    json_object_array_length(r->field_errors);

	for (size_t i = 0; i < n; i++) {
		struct json_object *fault =
		    json_object_array_get_idx(r->field_errors, i);
		struct json_object *field, *message;

		json_object_object_get_ex(fault, "field", &field);
		json_object_object_get_ex(fault, "message", &message);
		json_set_dotted(r->arena, errors, json_object_get_string(field),
		    json_object_get(message));
	}
	json_object_object_add(root, "errors", errors);
}

static void
add_problem(struct request *r, struct json_object *root)
{
	const struct problem_kind *kind = &problem_kinds[r->problem];
	struct json_object *value = r->problem_members == NULL ?
	    json_object_new_object() : json_object_get(r->problem_members);
	struct json_object *type = json_object_new_object();

	json_add_text(value, "title", app_word(r->app, r->lang,
	    arena_printf(r->arena, "problem.%s", kind->slug)));
	if (r->problem_detail != NULL)
		json_add_text(value, "detail", r->problem_detail);
	json_object_object_add(value, "status",
	    json_object_new_int(kind->status));
	json_object_object_add(type, kind->slug, json_object_new_boolean(true));
	json_object_object_add(value, "type", type);
	json_add_text(value, "request_id", r->id);
	json_object_object_add(root, "problem", value);
	add_errors(r, root);
}

static void
add_user(struct request *r, struct json_object *root)
{
	struct json_object *user;

	if (r->session == NULL)
		return;
	user = json_object_new_object();
	json_add_text(user, "name", r->session->name != NULL ? r->session->name : "");
	json_add_text(user, "email", r->session->email != NULL ? r->session->email : "");
	json_object_object_add(user, "is_staff", json_object_new_boolean(
	    r->session->permissions != NULL && r->session->permissions[0] != '\0'));
	json_object_object_add(root, "user", user);
}

/* Permissions of this program's own, and those that the staff's menu asks for. */
static void
add_may(struct request *r, struct json_object *root)
{
	static const char *const of_menu[] = { "orders.order.read",
		"catalog.product.read", "inventory.level.read",
		"payments.payment.read", "notifications.delivery.read",
		"auth.user.read", "audit.entry.read", "system.job.read" };
	struct json_object *may = json_object_new_object();

	for (size_t i = 0; i < ARRAY_LEN(of_menu); i++)
		if (session_may(r->session, of_menu[i]) ||
		    session_place(r, of_menu[i], NULL) != NULL)
			json_set_dotted(r->arena, may, of_menu[i],
			    json_object_new_boolean(true));
	for (const struct route *row = r->app->program->routes;
	    row->path != NULL; row++)
		if (row->kind != KIND_INTERNAL && strchr(row->needs, '.') != NULL &&
		    (session_may(r->session, row->needs) || (row->scope != NULL &&
		    session_place(r, row->needs, row->scope->kind) != NULL)))
			json_set_dotted(r->arena, may, row->needs,
			    json_object_new_boolean(true));
	json_object_object_add(root, "may", may);
}

static void
add_surroundings(struct request *r, struct json_object *root)
{
	struct uuid key = uuid_new();
	char text[UUID_TEXT_SIZE];

	json_add_text(root, "lang", r->lang);
	json_add_text(root, "other_lang", str_eq(r->lang, "es") ? "en" : "es");
	json_add_text(root, "path", str_eq(r->local_path, "/") ? "" : r->local_path);
	json_add_text(root, "base_url", r->app->conf->base_url);
	json_object_object_add(root, "is_demo",
	    json_object_new_boolean(r->app->conf->demo));
	if (r->route->cache_seconds == 0) {
		json_add_text(root, "idempotency_key", uuid_text(&key, text));
		add_user(r, root);
		if (r->session != NULL)
			add_may(r, root);
	}
	if (r->page_data != NULL) {
		json_object_object_foreach(r->page_data, name, value)
			json_object_object_add(root, name, json_object_get(value));
	}
}

static void
render(struct request *r, const char *template, int status)
{
	struct buf *out = arena_new_of(r->arena, struct buf);

	add_surroundings(r, root_of(r));
	finish_form(r->json);
	buf_init(out, r->arena, PAGE_MAX_BYTES);
	if (!page_render(r->app, template, r->lang, r->json, out)) {
		buf_truncate(out, 0);
		status = 500;
	}
	if (r->route->cache_seconds > 0 && status == 200)
		reply_header(r, "X-Accel-Expires",
		    arena_printf(r->arena, "%d", r->route->cache_seconds));
	reply_text(r, status, "text/html; charset=utf-8", out);
}

/* The page whose form had a fault, with what was typed; false: no such page. */
static bool
show_form_again(struct request *r)
{
	const struct route *form = r->route, *row = r->app->program->routes;
	struct json_object *root, *members = r->problem_members;
	struct json_object *faults = r->field_errors;
	const char *detail = r->problem_detail;
	enum problem why = r->problem;

	while (row->path != NULL && (row->template == NULL ||
	    row->kind != KIND_PAGE || !str_eq(row->path, form->form_of)))
		row++;
	if (row->path == NULL || problem_kinds[why].status >= 500)
		return false;
	r->problem = PROBLEM_NONE;
	r->problem_members = r->field_errors = NULL;
	r->route = row;
	if (row->input != NULL) {	/* its path's fields, and presets */
		struct json_object *none = json_object_new_object();

		json_keep(r->arena, none);
		r->input = arena_alloc(r->arena, row->input->size);
		json_in_path(r, row->input, r->input);
		json_in(r, row->input, none, JSON_IN_TEXT, row->path, r->input);
	}
	r->method = GET;
	db_start(r->db, r->arena);
	page_views(r);
	root = root_of(r);
	if (r->problem == PROBLEM_NONE && r->location != NULL)
		return true;	/* the page itself sends on */
	if (r->problem != PROBLEM_NONE || r->status >= 300)
		return false;
	r->problem = why;
	r->problem_detail = detail;
	r->problem_members = members;
	r->field_errors = faults;
	add_form(r, form->input, root);
	add_problem(r, root);
	render(r, row->template, problem_kinds[why].status);
	return true;
}

/* What fills {name}: a member of the answer, or what the path says. */
static const char *
value_of(struct request *r, const char *name)
{
	struct json_object *value;

	if (r->json != NULL && json_object_object_get_ex(r->json, name, &value))
		return json_object_get_string(value);
	for (int i = 0; i < r->path_params.n; i++)
		if (str_eq(r->path_params.items[i].name, name))
			return r->path_params.items[i].value;
	return "";
}

/* "/orders/{id}" with values in place of the names. */
static const char *
location_of(struct request *r, const char *pattern)
{
	struct buf out;

	buf_init(&out, r->arena, 4096);
	while (*pattern != '\0') {
		size_t n;

		if (*pattern != '{') {
			buf_putc(&out, *pattern++);
			continue;
		}
		n = strcspn(++pattern, "}");
		url_encode(&out, value_of(r, arena_strndup(r->arena, pattern, n)));
		pattern += n + 1;
	}
	return out.data;
}

/* Through another page, which leads back: to this one, or that of the form. */
static void
go_through(struct request *r, const char *page)
{
	const char *back = r->route->form_of == NULL ? r->path :
	    arena_printf(r->arena, "/%s%s", r->lang,
	    location_of(r, r->route->form_of));
	struct buf next;

	buf_init(&next, r->arena, 8192);
	buf_printf(&next, "%s?next=", page);
	url_encode(&next, back);
	r->problem = PROBLEM_NONE;
	reply_redirect(r, next.data);
}

static void
show_problem(struct request *r)
{
	int status = problem_kinds[r->problem].status;

	if (r->problem == PROBLEM_STEP_UP_REQUIRED) {
		go_through(r, "/step-up");
		return;
	}
	if (r->route->form_of != NULL && show_form_again(r))
		return;
	if (r->problem == PROBLEM_NOT_SIGNED_IN && r->method == GET) {
		go_through(r, "/login");
		return;
	}
	r->json = NULL;
	add_problem(r, root_of(r));
	render(r, "error", status);
}

void
page_finish(struct request *r)
{
	if (!is_for_people(r))
		return;
	if (r->route->kind == KIND_FRAGMENT) {
		if (r->problem == PROBLEM_NONE && r->text == NULL)
			render(r, r->route->template, r->status);
		return;	/* nginx shows the stub instead of a problem */
	}
	if (r->problem != PROBLEM_NONE)
		show_problem(r);
	else if (r->location != NULL || r->text != NULL)
		return;
	else if (r->route->form_of != NULL && r->route->template == NULL)
		reply_redirect(r, location_of(r, r->route->next != NULL ?
		    r->route->next : r->route->form_of));
	else
		render(r, r->route->template, r->status);
}

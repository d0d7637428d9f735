/*
 * Orders' part of the staff's front page: what waits to be done, and the sales
 * of the last thirty days as bars. Counts stop at a thousand.
 */
#include "orders.h"

#include <json-c/json.h>

#include "base/json.h"
#include "web/format.h"

#define DAYS 30
#define STEP 20			/* the width of a day in the picture */
#define HEIGHT 120

struct waiting {
	int64_t to_ship, to_pay;
};

static SCHEMA(waiting_schema, struct waiting,
	FIELD_I64(struct waiting, to_ship),
	FIELD_I64(struct waiting, to_pay));

DB_QUERY(count_waiting, 0,
	"SELECT (SELECT count(*) FROM (SELECT 1 FROM shop_order"
	"  WHERE status = 'confirmed' AND fulfilment_status = 'unfulfilled'"
	"  LIMIT 1000) AS s) AS to_ship,"
	" (SELECT count(*) FROM (SELECT 1 FROM shop_order"
	"  WHERE status = 'awaiting_payment' LIMIT 1000) AS p) AS to_pay");

struct day {
	int64_t day_us, orders;
	struct money total;
};

static SCHEMA(day_schema, struct day,
	FIELD_TIME(struct day, day_us),
	FIELD_I64(struct day, orders),
	FIELD_MONEY(struct day, total));

/* An id begins with its time in milliseconds: the primary key finds the days. */
DB_QUERY(sales_by_day, 1,
	"SELECT d.day AS day_us, count(o.id) AS orders,"
	" coalesce(sum(o.total), 0)::bigint AS total, 'EUR' AS currency"
	" FROM generate_series(date_trunc('day', now()) - ($1::int - 1)"
	"  * interval '1 day', now(), interval '1 day') AS d(day)"
	" LEFT JOIN shop_order o ON o.placed_at >= d.day"
	"  AND o.placed_at < d.day + interval '1 day'"
	"  AND o.status IN ('confirmed', 'completed')"
	"  AND o.id >= (lpad(to_hex((extract(epoch FROM now() - $1::int"
	"   * interval '1 day') * 1000)::bigint), 12, '0')"
	"   || '00000000000000000000')::uuid"
	" GROUP BY d.day ORDER BY d.day");

static void
add_number(struct json_object *object, const char *name, int64_t number)
{
	json_object_object_add(object, name, json_object_new_int64(number));
}

static struct json_object *
bar_of(struct request *r, const struct day *day, size_t place, int64_t most)
{
	struct json_object *bar = json_object_new_object();
	int64_t height = most == 0 ? 0 : day->total.amount * HEIGHT / most;
	char text[FORMAT_SIZE];

	add_number(bar, "x", (int64_t)place * STEP);
	add_number(bar, "y", HEIGHT - height);
	add_number(bar, "height", height);
	add_number(bar, "orders", day->orders);
	json_add_text(bar, "day", format_date(day->day_us, r->lang, text, sizeof(text)));
	json_add_text(bar, "total",
	    format_money(&day->total, r->lang, text, sizeof(text)));
	return bar;
}

int
desk(struct request *r)
{
	struct json_object *answer, *bars;
	struct waiting waiting;
	struct money total = { .currency = "EUR" };
	struct day *days;
	int64_t most = 0, orders = 0;
	char text[FORMAT_SIZE];
	size_t n;

	if (!db_one(r->db, &count_waiting, &waiting_schema, &waiting) ||
	    !db_all(r->db, &sales_by_day, &day_schema, &days, &n, P(DAYS)))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (days[i].total.amount > most)
			most = days[i].total.amount;
		total.amount += days[i].total.amount;
		orders += days[i].orders;
	}
	bars = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(bars, bar_of(r, &days[i], i, most));
	answer = json_object_new_object();
	add_number(answer, "to_ship", waiting.to_ship);
	add_number(answer, "to_pay", waiting.to_pay);
	add_number(answer, "orders", orders);
	json_add_text(answer, "total", format_money(&total, r->lang, text, sizeof(text)));
	json_object_object_add(answer, "bars", bars);
	return reply_json(r, 200, answer);
}

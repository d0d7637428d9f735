/* The table of contents of audit. */
#include "audit.h"

const struct route audit_routes[] = {
	API(GET, "/audit/entries", "audit.entry.read", &entry_list_input, TX_READ,
	    entry_list, .output = &entry_schema, .output_list = true,
	    .summary = "What happened, newest first"),
	API(GET, "/audit/verify", "audit.entry.read", &verify_input, TX_READ, chain_verify,
	    .output = &verdict_schema, .summary = "Is the chain whole?"),
	INTERNAL(POST, "/internal/audit/events", "*", &entries_input, TX_WRITE,
	    entries_take),
	PAGE("/admin/audit", "audit.entry.read", &entry_list_input, TX_READ,
	    entry_list, "admin/audit"),
	ROUTE_END
};

const struct program audit_program = {
	.name = "audit",
	.routes = audit_routes,
};

/* The table of contents of audit. */
#include "audit.h"

const struct route audit_routes[] = {
	API(GET, "/audit/entries", "audit.entry.read", &entry_list_input, TX_READ,
	    entry_list, .output = &entry_schema, .output_list = true,
	    .summary = "What happened, newest first"),
	API(GET, "/audit/verify", "audit.entry.read", &verify_input, TX_READ, chain_verify,
	    .output = &verdict_schema, .summary = "Is the chain whole?"),
	API(GET, "/audit/export.csv", "audit.entry.export", &entry_export_input,
	    TX_READ, entry_export_csv, .is_fresh = true,
	    .summary = "Entries as CSV, 10,000 at a time"),
	API(GET, "/audit/export.json", "audit.entry.export", &entry_export_input,
	    TX_READ, entry_export_json, .output = &entry_schema,
	    .output_list = true, .is_fresh = true,
	    .summary = "Entries as JSON, 10,000 at a time"),
	INTERNAL(POST, "/internal/audit/events", "*", &entries_input, TX_WRITE,
	    entries_take),
	PAGE("/admin/audit", "audit.entry.read", &entry_list_input, TX_READ,
	    entry_list, "admin/audit"),
	PAGE("/admin/audit/verify", "audit.entry.read", &verify_input, TX_READ,
	    chain_verify, "admin/verify"),
	PAGE("/admin/audit/export.csv", "audit.entry.export",
	    &entry_export_input, TX_READ, entry_export_csv, "admin/audit",
	    .is_fresh = true),
	PAGE("/admin/audit/export.json", "audit.entry.export",
	    &entry_export_input, TX_READ, entry_export_page, "admin/audit",
	    .is_fresh = true),
	ROUTE_END
};

const struct program audit_program = {
	.name = "audit",
	.person = &audit_person,
	.routes = audit_routes,
};

/* Schemas that people put, and the documents that imports were made with. */
#include "fixture.h"

#include <stdio.h>

static void put(struct fixture *f, const char *name, const char *document)
{
	assert_ok(f->store->call->put_schema(f->store, slice_of_string(name), slice_of_string(document), &f->err),
		  &f->err);
}

static enum status find_schema(struct fixture *f, const char *name, struct stored_schema *schema)
{
	struct store_reader *reader;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	enum status status =
		f->store->call->get_schema(reader, slice_of_string(name), &f->arena, schema, &f->err);
	f->store->call->close_reader(f->store, reader);
	return status;
}

static struct stored_schema get_schema(struct fixture *f, const char *name)
{
	struct stored_schema schema;

	assert_ok(find_schema(f, name, &schema), &f->err);
	return schema;
}

static enum status find_document(struct fixture *f, int64_t id, struct slice *document)
{
	struct store_reader *reader;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	enum status status = f->store->call->get_schema_document(reader, id, &f->arena, document, &f->err);
	f->store->call->close_reader(f->store, reader);
	return status;
}

static void assert_document(struct fixture *f, int64_t id, const char *expected)
{
	struct slice document;

	assert_ok(find_document(f, id, &document), &f->err);
	assert_slice(document, expected);
}

static int64_t add_with(struct fixture *f, int content, const char *name, const char *document)
{
	struct new_import import = describe(content);

	import.schema = slice_of_string(name);
	import.schema_document = slice_of_string(document);
	return add_as(f, import);
}

static void a_schema_is_put_replaced_and_deleted(void **state)
{
	struct fixture *f = *state;
	struct stored_schema gone;

	assert_int_equal(find_schema(f, "stock", &gone), STATUS_NOT_FOUND);
	put(f, "stock", "{\"fields\":[1]}");
	struct stored_schema first = get_schema(f, "stock");
	assert_slice(first.name, "stock");
	assert_slice(first.document, "{\"fields\":[1]}");
	assert_true(first.created_ms > 0 && first.updated_ms == first.created_ms);
	put(f, "stock", "{\"fields\":[2]}");
	struct stored_schema second = get_schema(f, "stock");
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.created_ms, first.created_ms);
	assert_int_not_equal(second.document_id, first.document_id);
	assert_slice(second.document, "{\"fields\":[2]}");
	assert_ok(f->store->call->delete_schema(f->store, SLICE("stock"), &f->err), &f->err);
	assert_int_equal(find_schema(f, "stock", &gone), STATUS_NOT_FOUND);
	assert_int_equal(f->store->call->delete_schema(f->store, SLICE("stock"), &f->err), STATUS_NOT_FOUND);
	assert_string_equal(f->err.code, "unknown-schema");
	put(f, "stock", "{\"fields\":[1]}");
	assert_true(get_schema(f, "stock").id > first.id);
	/* Whoever kept a document under its id must never read another one there. */
	assert_true(get_schema(f, "stock").document_id > second.document_id);
}

static void the_same_document_put_again_stays(void **state)
{
	struct fixture *f = *state;

	put(f, "stock", "{}");
	int64_t document = get_schema(f, "stock").document_id;
	put(f, "stock", "{}");
	assert_int_equal(get_schema(f, "stock").document_id, document);
	assert_document(f, document, "{}");
}

static void an_import_keeps_the_document_that_it_was_made_with(void **state)
{
	struct fixture *f = *state;
	int64_t holder;

	put(f, "stock", "{\"fields\":[1]}");
	int64_t id = add_with(f, 1, "stock", "{\"fields\":[1]}"), document = get(f, id).schema_document;
	assert_int_equal(document, get_schema(f, "stock").document_id);
	claim(f, id);
	put(f, "stock", "{\"fields\":[2]}");
	assert_document(f, document, "{\"fields\":[1]}");
	append(f, id, 3, 0);
	fail_parsing(f, id);
	assert_ok(f->store->call->delete_schema(f->store, SLICE("stock"), &f->err), &f->err);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	reopen(f);
	assert_int_equal(get(f, id).schema_document, document);
	assert_slice(get(f, id).schema, "stock");
	assert_document(f, document, "{\"fields\":[1]}");
	claim(f, id);
	append(f, id, 3, 0);
	struct store_reader *reader;
	struct pending_record *pending;
	size_t count;
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_pending(reader, id, 0, 10, &f->arena, &pending, &count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	assert_int_equal(count, 3);
	assert_int_equal(pending[2].schema_document, document);
}

static void a_document_goes_with_the_last_that_has_it(void **state)
{
	struct fixture *f = *state;
	struct slice none;
	int64_t first = add_with(f, 1, "stock", "{\"fields\":[1]}");
	int64_t second = add_with(f, 2, "other", "{\"fields\":[1]}");
	int64_t document = get(f, first).schema_document;

	assert_int_equal(get(f, second).schema_document, document);
	assert_int_equal(get(f, add(f, 3)).schema_document, 0);
	delete_import(f, first);
	purge_all(f, 100);
	assert_document(f, document, "{\"fields\":[1]}");
	put(f, "stock", "{\"fields\":[1]}");
	delete_import(f, second);
	purge_all(f, 100);
	assert_document(f, document, "{\"fields\":[1]}");
	put(f, "stock", "{\"fields\":[2]}");
	assert_int_equal(find_document(f, document, &none), STATUS_NOT_FOUND);
}

static void schemas_are_listed_in_pages(void **state)
{
	struct fixture *f = *state;
	struct page_query page = {.limit = 2};
	struct store_reader *reader;
	struct schema_list schemas;
	char name[16];

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "s%d", i);
		put(f, name, "{}");
	}
	for (int walked = 0; walked < 5;) {
		assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
		assert_ok(f->store->call->list_schemas(reader, &page, &f->arena, &schemas, &f->err), &f->err);
		f->store->call->close_reader(f->store, reader);
		assert_int_equal(schemas.total, 5);
		assert_int_equal(schemas.more, walked + (int)schemas.count < 5);
		for (size_t i = 0; i < schemas.count; i++) {
			snprintf(name, sizeof name, "s%d", walked++);
			assert_slice(schemas.schemas[i].name, name);
			assert_true(schemas.schemas[i].id > page.cursor_id);
			page.cursor_id = schemas.schemas[i].id;
		}
	}
	page = (struct page_query){.limit = 10, .offset = 4};
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_schemas(reader, &page, &f->arena, &schemas, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	assert_int_equal(schemas.count, 1);
	assert_slice(schemas.schemas[0].name, "s4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_schema_is_put_replaced_and_deleted),
		store_test(the_same_document_put_again_stays),
		store_test(an_import_keeps_the_document_that_it_was_made_with),
		store_test(a_document_goes_with_the_last_that_has_it),
		store_test(schemas_are_listed_in_pages),
	};
	return cmocka_run_group_tests_name("store schemas", tests, NULL, NULL);
}

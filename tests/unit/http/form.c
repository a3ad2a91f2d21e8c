#include "form.h"

static enum status on_part(void *context, const struct multipart_part *part, struct error *err)
{
	struct form *form = context;

	(void)err;
	assert_true(form->count < FORM_PARTS_MOST);
	struct form_part *kept = &form->parts[form->count++];
	strbuf_add_slice(&kept->name, part->name);
	strbuf_add_slice(&kept->filename, part->filename);
	strbuf_add_slice(&kept->content_type, part->content_type);
	kept->has_filename = part->filename.data != NULL;
	return STATUS_OK;
}

static enum status on_data(void *context, struct slice piece, struct error *err)
{
	struct form *form = context;

	(void)err;
	assert_true(piece.size > 0);
	assert_false(form->parts[form->count - 1].ended);
	strbuf_add_slice(&form->parts[form->count - 1].data, piece);
	return STATUS_OK;
}

static enum status on_part_end(void *context, struct error *err)
{
	struct form *form = context;

	(void)err;
	form->parts[form->count - 1].ended = true;
	return STATUS_OK;
}

void form_read(struct form *form, struct slice boundary, struct slice body, size_t first, size_t piece)
{
	const struct multipart_callbacks callbacks = {form, on_part, on_data, on_part_end};

	*form = (struct form){0};
	for (size_t i = 0; i < FORM_PARTS_MOST; i++) {
		strbuf_init(&form->parts[i].name, 1 << 16);
		strbuf_init(&form->parts[i].filename, 1 << 16);
		strbuf_init(&form->parts[i].content_type, 1 << 16);
		strbuf_init(&form->parts[i].data, 1 << 20);
	}
	struct multipart *multipart = multipart_new(boundary, &callbacks);
	assert_non_null(multipart);
	for (size_t at = 0; at < body.size && form->status == STATUS_OK;) {
		size_t wanted = at == 0 && first ? first : piece ? piece : body.size;
		size_t size = wanted < body.size - at ? wanted : body.size - at;
		/* A copy of its own size, so that a sanitizer sees a byte read too far. */
		char *copy = test_malloc(size);
		memcpy(copy, body.data + at, size);
		form->status = multipart_feed(multipart, slice_of(copy, size), &form->err);
		test_free(copy);
		at += size;
	}
	if (form->status == STATUS_OK)
		form->status = multipart_finish(multipart, &form->err);
	multipart_free(multipart);
}

void form_release(struct form *form)
{
	for (size_t i = 0; i < FORM_PARTS_MOST; i++) {
		strbuf_release(&form->parts[i].name);
		strbuf_release(&form->parts[i].filename);
		strbuf_release(&form->parts[i].content_type);
		strbuf_release(&form->parts[i].data);
	}
}

static bool same(const struct strbuf *a, const struct strbuf *b)
{
	return slice_equal(strbuf_slice(a), strbuf_slice(b));
}

bool form_equal(const struct form *a, const struct form *b)
{
	if (a->status != b->status || a->err.byte != b->err.byte || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct form_part *x = &a->parts[i], *y = &b->parts[i];
		/* How much of a refused part's content came out before depends on the pieces. */
		if (!same(&x->name, &y->name) || !same(&x->filename, &y->filename) ||
		    !same(&x->content_type, &y->content_type) || x->has_filename != y->has_filename ||
		    x->ended != y->ended || (x->ended && !same(&x->data, &y->data)))
			return false;
	}
	return true;
}

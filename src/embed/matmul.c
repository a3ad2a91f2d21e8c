#include "embed/matmul.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <dnnl.h>

#include "embed/shape.h"

#include "base/banned.h"

enum { SCRATCH_ALIGNMENT = 4096, TILE_ROWS = 16, POOL_SIZE = 64 << 20, POOL_ALIGNMENT = 4096 };

static const struct {
	dnnl_dim_t length, width;
} shapes[MATMUL_KINDS] = {
	[MATMUL_QKV] = {HIDDEN, QKV},
	[MATMUL_OUT] = {HIDDEN, HIDDEN},
	[MATMUL_UP] = {HIDDEN, INNER},
	[MATMUL_DOWN] = {INNER, HIDDEN},
};

static const struct {
	dnnl_data_type_t source, weights, destination;
} types[] = {
	[MATMUL_F32] = {dnnl_f32, dnnl_f32, dnnl_f32},
	[MATMUL_BF16] = {dnnl_bf16, dnnl_bf16, dnnl_f32},
	[MATMUL_INT8] = {dnnl_u8, dnnl_s8, dnnl_s32},
};

struct matmul_engine {
	dnnl_engine_t engine;
	dnnl_data_type_t source, weights, destination;
	bool tiles; /* products run on AMX */

	/* All packed weights lie in one reserved range, so that huge pages can hold them: a product
	 * goes through more small pages than the processor remembers. */
	char *pool;
	size_t pool_used;
	pthread_mutex_t pool_mutex;
};

struct matmul_weights {
	enum matmul_kind kind;
	dnnl_memory_t packed;
};

/* A product compiled for a number of rows, with the memory objects that carry the shapes;
 * their data is set for each run. */
struct product {
	dnnl_primitive_t primitive;
	dnnl_memory_t source, destination, scratch;
};

struct matmul_context {
	const struct matmul_engine *engine;
	dnnl_stream_t stream;
	struct product products[MATMUL_KINDS][MATMUL_PANEL + 1]; /* by rows */
	void *scratch;
	size_t scratch_size;
};

/* Of GCC's OpenMP, on which Debian's oneDNN runs. Its omp.h cannot be read by clang, and
 * clang's own stands for another runtime. */
void omp_set_num_threads(int count);

/* Debian's oneDNN forks OpenMP teams, whose barriers wait for the slowest: one busy neighbour
 * cost four fifths of the speed. The number of threads belongs to the calling thread, so
 * each must say it, and saying it again costs nothing. */
static void hold_to_one_thread(void)
{
	omp_set_num_threads(1);
}

static bool has_isa(dnnl_cpu_isa_t isa)
{
	return (dnnl_get_effective_cpu_isa() & isa) == isa;
}

bool matmul_has_tiles(void)
{
	return has_isa(dnnl_cpu_isa_avx512_core_amx);
}

enum matmul_support matmul_support(enum matmul_type type)
{
	if (type == MATMUL_F32 || matmul_has_tiles())
		return MATMUL_FAST;
	if (type == MATMUL_INT8)
		return has_isa(dnnl_cpu_isa_avx512_core_vnni) ? MATMUL_FAST : MATMUL_NONE;
	if (!has_isa(dnnl_cpu_isa_avx512_core_bf16))
		return MATMUL_NONE;
	/* AMD's processors multiply two bf16 pairs in the time of one float32 FMA. Intel's do that
	 * on AMX only: there 110 GFLOP/s were seen without it, against 185 in float32. */
	return __builtin_cpu_is("amd") ? MATMUL_FAST : MATMUL_SLOW;
}

size_t matmul_length(enum matmul_kind kind)
{
	return (size_t)shapes[kind].length;
}

size_t matmul_width(enum matmul_kind kind)
{
	return (size_t)shapes[kind].width;
}

static bool pool_open(struct matmul_engine *engine)
{
	void *pool = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pool == MAP_FAILED)
		return false;
	madvise(pool, POOL_SIZE, MADV_HUGEPAGE); /* where it is refused, it is only slower */
	engine->pool = pool;
	return true;
}

/* Never given back but with the engine. NULL when the pool is used up. */
static void *pool_take(struct matmul_engine *engine, size_t size)
{
	void *block = NULL;

	size = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT;
	pthread_mutex_lock(&engine->pool_mutex);
	if (size <= POOL_SIZE - engine->pool_used) {
		block = engine->pool + engine->pool_used;
		engine->pool_used += size;
	}
	pthread_mutex_unlock(&engine->pool_mutex);
	return block;
}

struct matmul_engine *matmul_engine_new(enum matmul_type type)
{
	struct matmul_engine *engine = calloc(1, sizeof *engine);

	if (!engine)
		return NULL;
	pthread_mutex_init(&engine->pool_mutex, NULL);
	engine->source = types[type].source;
	engine->weights = types[type].weights;
	engine->destination = types[type].destination;
	engine->tiles = type != MATMUL_F32 && matmul_has_tiles();
	if (dnnl_engine_create(&engine->engine, dnnl_cpu, 0) == dnnl_success && pool_open(engine))
		return engine;
	matmul_engine_free(engine);
	return NULL;
}

void matmul_engine_free(struct matmul_engine *engine)
{
	if (!engine)
		return;
	if (engine->pool)
		munmap(engine->pool, POOL_SIZE);
	dnnl_engine_destroy(engine->engine);
	pthread_mutex_destroy(&engine->pool_mutex);
	free(engine);
}

/* The description of a product of `rows` rows, with the weights in the layout `packed`, or as
 * oneDNN likes them best where that is NULL. */
static dnnl_primitive_desc_t describe(const struct matmul_engine *engine, enum matmul_kind kind,
				      size_t row_count, const dnnl_memory_desc_t *packed)
{
	dnnl_dim_t rows = (dnnl_dim_t)row_count;
	dnnl_dims_t source_dims = {rows, shapes[kind].length};
	dnnl_dims_t weights_dims = {shapes[kind].length, shapes[kind].width};
	dnnl_dims_t destination_dims = {rows, shapes[kind].width};
	dnnl_memory_desc_t source, weights, destination;
	dnnl_primitive_attr_t attributes = NULL;
	dnnl_primitive_desc_t description = NULL;
	dnnl_matmul_desc_t matmul;

	hold_to_one_thread();
	if (dnnl_memory_desc_init_by_tag(&source, 2, source_dims, engine->source, dnnl_ab) ||
	    dnnl_memory_desc_init_by_tag(&weights, 2, weights_dims, engine->weights,
					 dnnl_format_tag_any) ||
	    dnnl_memory_desc_init_by_tag(&destination, 2, destination_dims, engine->destination,
					 dnnl_ab) ||
	    dnnl_matmul_desc_init(&matmul, &source, packed ? packed : &weights, NULL, &destination))
		return NULL;
	/* The library's own scratch is bound to the thread that compiled; ours to the context. */
	if (dnnl_primitive_attr_create(&attributes) ||
	    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) ||
	    dnnl_primitive_desc_create(&description, &matmul, attributes, engine->engine,
				       NULL))
		description = NULL;
	dnnl_primitive_attr_destroy(attributes);
	return description;
}

/* Copies `weights` into `packed`'s layout. */
static bool reorder(dnnl_engine_t engine, enum matmul_kind kind, dnnl_data_type_t type,
		    const void *weights, dnnl_memory_t packed)
{
	dnnl_dims_t dims = {shapes[kind].length, shapes[kind].width};
	const dnnl_memory_desc_t *packed_description;
	dnnl_memory_desc_t description;
	dnnl_memory_t plain = NULL;
	dnnl_primitive_desc_t reorder_description = NULL;
	dnnl_primitive_t reorder = NULL;
	dnnl_stream_t stream = NULL;
	bool done = false;

	if (dnnl_memory_get_memory_desc(packed, &packed_description) ||
	    dnnl_memory_desc_init_by_tag(&description, 2, dims, type, dnnl_ba) ||
	    dnnl_memory_create(&plain, &description, engine, (void *)(uintptr_t)weights) ||
	    dnnl_reorder_primitive_desc_create(&reorder_description, &description, engine,
					       packed_description, engine, NULL) ||
	    dnnl_primitive_create(&reorder, reorder_description) ||
	    dnnl_stream_create(&stream, engine, dnnl_stream_default_flags))
		goto cleanup;
	const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, packed}};
	done = dnnl_primitive_execute(reorder, stream, 2, arguments) == dnnl_success &&
	       dnnl_stream_wait(stream) == dnnl_success;
cleanup:
	dnnl_stream_destroy(stream);
	dnnl_primitive_destroy(reorder);
	dnnl_primitive_desc_destroy(reorder_description);
	dnnl_memory_destroy(plain);
	return done;
}

struct matmul_weights *matmul_weights_new(struct matmul_engine *engine, enum matmul_kind kind,
					  const void *weights)
{
	struct matmul_weights *result = calloc(1, sizeof *result);
	dnnl_primitive_desc_t description = describe(engine, kind, MATMUL_PANEL, NULL);

	if (!result || !description)
		goto failed;
	result->kind = kind;
	const dnnl_memory_desc_t *layout =
		dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
	void *block = pool_take(engine, dnnl_memory_desc_get_size(layout));
	if (!block || dnnl_memory_create(&result->packed, layout, engine->engine, block) ||
	    !reorder(engine->engine, kind, engine->weights == dnnl_s8 ? dnnl_s8 : dnnl_f32, weights,
		     result->packed))
		goto failed;
	dnnl_primitive_desc_destroy(description);
	return result;
failed:
	dnnl_primitive_desc_destroy(description);
	matmul_weights_free(result);
	return NULL;
}

void matmul_weights_free(struct matmul_weights *weights)
{
	if (!weights)
		return;
	dnnl_memory_destroy(weights->packed);
	free(weights);
}

struct matmul_context *matmul_context_new(struct matmul_engine *engine)
{
	struct matmul_context *context = calloc(1, sizeof *context);

	if (!context)
		return NULL;
	context->engine = engine;
	if (dnnl_stream_create(&context->stream, engine->engine, dnnl_stream_default_flags)) {
		free(context);
		return NULL;
	}
	return context;
}

static void product_release(struct product *product)
{
	dnnl_memory_destroy(product->source);
	dnnl_memory_destroy(product->destination);
	dnnl_memory_destroy(product->scratch);
	dnnl_primitive_destroy(product->primitive);
	*product = (struct product){0};
}

void matmul_context_free(struct matmul_context *context)
{
	if (!context)
		return;
	for (size_t kind = 0; kind < MATMUL_KINDS; kind++)
		for (size_t rows = 0; rows <= MATMUL_PANEL; rows++)
			product_release(&context->products[kind][rows]);
	dnnl_stream_destroy(context->stream);
	free(context->scratch);
	free(context);
}

static bool reserve_scratch(struct matmul_context *context, size_t size)
{
	if (size <= context->scratch_size)
		return true;
	size = (size + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
	void *scratch = aligned_alloc(SCRATCH_ALIGNMENT, size);
	if (!scratch)
		return false;
	free(context->scratch);
	context->scratch = scratch;
	context->scratch_size = size;
	return true;
}

static bool compile(struct matmul_context *context, const struct matmul_weights *weights,
		    size_t rows, struct product *product)
{
	dnnl_engine_t engine = context->engine->engine;
	const dnnl_memory_desc_t *packed;

	if (dnnl_memory_get_memory_desc(weights->packed, &packed))
		return false;
	dnnl_primitive_desc_t description = describe(context->engine, weights->kind, rows, packed);
	if (!description)
		return false;
	const dnnl_memory_desc_t *source =
		dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0);
	const dnnl_memory_desc_t *destination =
		dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0);
	const dnnl_memory_desc_t *scratch =
		dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
	bool done = reserve_scratch(context, dnnl_memory_desc_get_size(scratch)) &&
		    !dnnl_memory_create(&product->source, source, engine, NULL) &&
		    !dnnl_memory_create(&product->destination, destination, engine, NULL) &&
		    !dnnl_memory_create(&product->scratch, scratch, engine, NULL) &&
		    !dnnl_primitive_create(&product->primitive, description);
	dnnl_primitive_desc_destroy(description);
	if (!done)
		product_release(product);
	return done;
}

/* AMX has tiles of 16 rows: from 33 rows on, whole tiles take less time than fewer rows. */
static size_t best_rows(const struct matmul_context *context, size_t rows)
{
	if (!context->engine->tiles || rows <= 2 * TILE_ROWS)
		return rows;
	return (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
}

bool matmul_run(struct matmul_context *context, const struct matmul_weights *weights, size_t rows,
		const void *source, void *destination)
{
	rows = best_rows(context, rows);
	struct product *product = &context->products[weights->kind][rows];

	hold_to_one_thread();
	if (!product->primitive && !compile(context, weights, rows, product))
		return false;
	if (dnnl_memory_set_data_handle(product->source, (void *)(uintptr_t)source) ||
	    dnnl_memory_set_data_handle(product->destination, destination) ||
	    dnnl_memory_set_data_handle(product->scratch, context->scratch))
		return false;
	const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, product->source},
					     {DNNL_ARG_WEIGHTS, weights->packed},
					     {DNNL_ARG_DST, product->destination},
					     {DNNL_ARG_SCRATCHPAD, product->scratch}};
	return dnnl_primitive_execute(product->primitive, context->stream, 4, arguments) ==
	       dnnl_success;
}

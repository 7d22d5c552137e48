/* A library with one template whose objects count, and have a state. The test that compiles it says
   which version of it this is: 2 has a further field in its state, 3 has another state. */
#include "liveobj.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct number { uint64_t n; };
struct times { uint8_t some; uint64_t value; };
#if VERSION == 1
struct state { uint64_t n; };
#elif VERSION == 2
struct state { uint64_t n; struct times times; };
#else
struct state { lo_slice text; };
#endif

struct counter { uint64_t n, times; uint8_t wire[17]; };

__attribute__((section(".liveobj"), used)) static const unsigned char manifest[] = { MANIFEST };

static const lo_host *host;

static lo_status fail(lo_context *context, const char *why) {
  lo_slice text = { why, strlen(why), NULL };
  host->report(context, LO_LEVEL_ERROR, text);
  return LO_FAILED;
}

static lo_status create(lo_context *context, const void *parameters, void **self) {
  struct counter *counter = calloc(1, sizeof *counter);
  counter->n = ((const struct number *)parameters)->n;
  *self = counter;
  return LO_OK;
}

static lo_status load(lo_context *context, const void *parameters, const void *state, void **self) {
#if VERSION == 3
  return fail(context, "it is never saved");
#else
  const struct state *saved = state;
  struct counter *counter;
  if (saved->n == 7) return fail(context, "seven is refused");
  counter = calloc(1, sizeof *counter);
  counter->n = saved->n;
#if VERSION == 2
  counter->times = saved->times.some ? saved->times.value : 100;
#endif
  *self = counter;
  return LO_OK;
#endif
}

static lo_status save(void *self, lo_context *context, lo_slice *wire) {
  struct counter *counter = self;
  if (counter->n == 13) return fail(context, "thirteen is not saved");
  if (counter->n == 14) return LO_STALE;
  if (counter->n == 16) {
    wire->data = (const void *)8;
    wire->len = 8;
    return LO_OK;
  }
  memcpy(counter->wire, &counter->n, 8);
#if VERSION == 1
  /* In a block of the host; one byte short, where the test asks for what is no value. */
  void *write = NULL;
  *wire = host->block(NULL, counter->n == 15 ? 7 : 8, &write);
  memcpy(write, counter->wire, wire->len);
#else
  /* Lent. */
  counter->wire[8] = 1;
  memcpy(counter->wire + 9, &counter->times, 8);
  wire->data = counter->wire;
  wire->len = 17;
#endif
  return LO_OK;
}

static lo_status connected(void *self, lo_context *context, uint32_t endpoint, uint64_t connection) {
  struct number count = { ((struct counter *)self)->n };
  lo_link *link = host->link(context, 0, connection);
  if (link) link->emit(link, context, 0, &count);
  return LO_OK;
}

static lo_status disconnected(void *self, lo_context *context, uint32_t endpoint,
                              uint64_t connection, uint32_t reason) {
  return LO_OK;
}

static lo_status wake(void *self, lo_context *context, uint64_t token, uint32_t kind,
                      const void *payload) {
  return LO_OK;
}

static lo_status destroy(void *self, lo_context *context) {
  free(self);
  return LO_OK;
}

static lo_status add(void *self, lo_context *context, const lo_envelope *envelope,
                     const void *payload) {
  struct counter *counter = self;
  struct number count;
  counter->n += ((const struct number *)payload)->n;
  counter->times += 1;
  count.n = counter->n;
  context->links[0]->emit(context->links[0], context, 0, &count);
  return LO_OK;
}

static lo_status attach(const lo_host *table) {
  host = table;
  return LO_OK;
}

static lo_handler *const counting[] = { add };
static lo_handler *const *const handlers[] = { counting };
static const uint32_t handler_counts[] = { 1 };
static const lo_object counter = {
  .size = sizeof(lo_object), .endpoints = 1, .create = create, .load = load, .save = save,
  .connected = connected, .disconnected = disconnected, .wake = wake, .destroy = destroy,
  .handlers = handlers, .handler_counts = handler_counts,
};
static const lo_object *const objects[] = { &counter };
static const uint32_t number_offsets[] = { 0 };
#if VERSION == 2
static const uint32_t times_offsets[] = { offsetof(struct times, value) };
static const uint32_t state_offsets[] = { 0, offsetof(struct state, times) };
#endif
static const lo_layout_entry entries[] = { ENTRIES };
static const lo_layouts layouts = {
  sizeof layouts, sizeof(lo_layout_entry), sizeof entries / sizeof *entries, entries,
};
static const lo_library library = {
  LO_MAGIC, sizeof library, LO_MAJOR, LO_MINOR, &layouts, 1, objects, attach,
};

const lo_library *liveobj_library(void) { return &library; }

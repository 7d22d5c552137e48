/* A library with one template that has one endpoint with one event, and whatever the test that
   compiles it asks to be wrong. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct slice { const void *data; uint64_t len; void *owner; };
struct send { struct slice text; };
struct entry { uint8_t id[32]; uint32_t size, align; const uint32_t *offsets; uint64_t offset_count; };
struct layouts { uint32_t size, entry_size; uint64_t count; const struct entry *entries; };
struct object {
  uint32_t size, endpoints;
  int32_t (*create)(void *, const void *, void **);
  void *load, *save, *digest;
  int32_t (*connected)(void *, void *, uint32_t, uint64_t);
  int32_t (*disconnected)(void *, void *, uint32_t, uint64_t, uint32_t);
  int32_t (*wake)(void *, void *, uint64_t, uint32_t, const void *);
  int32_t (*destroy)(void *, void *);
  const void *const *handlers; const uint32_t *handler_counts;
};
struct library {
  char magic[8]; uint32_t size; uint16_t major, minor; const struct layouts *layouts;
  uint32_t count; const struct object *const *objects; int32_t (*attach)(const void *);
};

__attribute__((section(".liveobj"), used)) static const unsigned char manifest[] = { MANIFEST };
SECOND

static int32_t create(void *c, const void *p, void **self) { *self = NULL; return 0; }
static int32_t connected(void *s, void *c, uint32_t e, uint64_t n) { return 0; }
static int32_t disconnected(void *s, void *c, uint32_t e, uint64_t n, uint32_t r) { return 0; }
static int32_t wake(void *s, void *c, uint64_t t, uint32_t k, const void *p) { return 0; }
static int32_t destroy(void *s, void *c) { return 0; }
static int32_t send(void *s, void *c, const void *e, const struct send *p) { return 0; }
static int32_t load(void *c, const void *p, const void *s, void **self) { *self = NULL; return 0; }
static int32_t save(void *s, void *c, struct slice *wire) { return 0; }
static int32_t digest(void *s, void *c, uint8_t *out) { return 0; }
static int32_t attach(const void *host) { return ATTACH; }

static const void *const input[] = { HANDLER };
static const void *const handlers[] = { input };
static const uint32_t counts[] = { HANDLERS };
static const struct object template = {
  sizeof(struct object), ENDPOINTS, create, LOAD, SAVE, DIGEST, connected, disconnected, wake, destroy,
  (const void *const *)handlers, counts,
};
static const struct object *const objects[] = { &template };
static const uint32_t offsets[] = { offsetof(struct send, text) };
static const struct entry entries[] = {
  { { SEND_ID }, SEND_SIZE, _Alignof(struct send), offsets, 1 },
  { { PARAMETERS_ID }, 0, 1, NULL, 0 },
};
static const struct layouts layouts = { sizeof layouts, sizeof(struct entry), LAYOUTS, entries };
static const struct library library = {
  MAGIC, SIZE, 0, MINOR, &layouts, COUNT, objects, attach,
};
const struct library *SYMBOL(void) { return &library; }

__attribute__((constructor)) static void initialize(void) {
  FILE *file = fopen(TRACE, "a");
  if (file) fclose(file);
}

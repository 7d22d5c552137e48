/* A library of objects in C: `upper` shows a text in capitals. docs/abi.md says how it is built. */
#define LIVEOBJ_LIBRARY
#include "upper.h" /* made by `liveobj library header upper.lot --name example:upper` */

#include <stdlib.h>

/* It has no state, so that nothing stands behind `self`. */
lo_status upper_create(lo_context *context, void **self) {
    (void)context;
    *self = NULL;
    return LO_OK;
}

lo_status upper_destroy(void *self, lo_context *context) {
    (void)self, (void)context;
    return LO_OK;
}

static char *capitals(char *to, lo_slice text) {
    const unsigned char *from = text.data;
    for (uint64_t i = 0; i < text.len; i++) {
        to[i] = (char)(from[i] >= 'a' && from[i] <= 'z' ? from[i] - 'a' + 'A' : from[i]);
    }
    return to;
}

/* Lines of the text have changed. What comes in is lent for the call, and so is what is sent:
   it is freed as soon as `emit` is back. */
lo_status upper_on_input_changed(void *self, lo_context *context, const lo_envelope *envelope,
                                       const upper_input_changed *payload) {
    (void)self, (void)envelope;
    const lo_slice *lines = payload->added.data;
    uint64_t count = payload->added.len, bytes = 0;
    for (uint64_t i = 0; i < count; i++) bytes += lines[i].len;
    lo_slice *shown = malloc((count + 1) * sizeof *shown);
    char *text = malloc(bytes + 1);
    if (!shown || !text) {
        free(shown), free(text);
        static const char reason[] = "out of memory";
        lo_slice why = {reason, sizeof reason - 1, NULL};
        context->host->report(context, LO_LEVEL_ERROR, why);
        return LO_FAILED;
    }
    char *next = text;
    for (uint64_t i = 0; i < count; i++) {
        lo_slice line = {capitals(next, lines[i]), lines[i].len, NULL};
        shown[i] = line;
        next += line.len;
    }
    upper_output_changed changed = *payload;
    changed.added.data = shown;
    changed.added.owner = NULL;
    /* Nobody may be connected: that is no fault. */
    upper_emit_output_changed(context, &changed);
    free(shown), free(text);
    return LO_OK;
}

/* What is typed is passed on as it came. */
lo_status upper_on_output_append(void *self, lo_context *context, const lo_envelope *envelope,
                                       const upper_output_append *payload) {
    (void)self, (void)envelope;
    upper_emit_input_append(context, payload);
    return LO_OK;
}

lo_status upper_on_output_edit(void *self, lo_context *context, const lo_envelope *envelope,
                                     const upper_output_edit *payload) {
    (void)self, (void)envelope;
    upper_emit_input_edit(context, payload);
    return LO_OK;
}

/* Nothing is to be done when connections come and go, and nothing was asked for. */
lo_status upper_connected(void *self, lo_context *context, uint32_t endpoint,
                                uint64_t connection) {
    (void)self, (void)context, (void)endpoint, (void)connection;
    return LO_OK;
}

lo_status upper_disconnected(void *self, lo_context *context, uint32_t endpoint,
                                   uint64_t connection, uint32_t reason) {
    (void)self, (void)context, (void)endpoint, (void)connection, (void)reason;
    return LO_OK;
}

lo_status upper_wake(void *self, lo_context *context, uint64_t token, uint32_t kind,
                           const void *payload) {
    (void)self, (void)context, (void)token, (void)kind, (void)payload;
    return LO_OK;
}

/* Says something, with any fault that a library in C can have. TEXT is what it says; where TRACE
   is defined, its initializer leaves a file of this name. */
#define LIVEOBJ_LIBRARY
#include "speaker.h"

#include <stdio.h>
#include <string.h>

#ifdef TRACE
__attribute__((constructor)) static void initialize(void) {
    FILE *file = fopen(TRACE, "a");
    if (file) fclose(file);
}
#endif

static lo_slice slice(const void *data, uint64_t length) {
    lo_slice slice = {data, length, NULL};
    return slice;
}

static void report(lo_context *context, const char *text) {
    context->host->report(context, LO_LEVEL_ERROR, slice(text, strlen(text)));
}

lo_status speaker_on_speech_say(void *self, lo_context *context, const lo_envelope *envelope,
                                const speaker_speech_say *payload) {
    (void)self, (void)envelope;
    static const uint32_t numbers[] = {1, 2, 3};
    speaker_speech_said said;
    memset(&said, 0, sizeof said);
    said.text = slice(TEXT, strlen(TEXT));
    said.numbers = slice(numbers, 3);
    said.kind.tag = speaker_Kind_two;
    said.kind.of.two = said.text;
    char fault[32] = "";
    if (payload->fault.len >= sizeof fault) return LO_INVALID;
    if (payload->fault.len > 0) memcpy(fault, payload->fault.data, payload->fault.len);
    if (!strcmp(fault, "fails")) {
        report(context, "no breath");
        return LO_FAILED;
    }
    if (!strcmp(fault, "fails silently")) return LO_FAILED;
    if (!strcmp(fault, "panics")) {
        report(context, "a frog in the throat");
        return LO_PANIC;
    }
    if (!strcmp(fault, "event")) {
        lo_link *link = context->links[speaker_endpoint_speech];
        return link->emit(link, context, 7, &said) == LO_INVALID ? LO_OK : LO_FAILED;
    }
    if (!strcmp(fault, "payload")) {
        return speaker_emit_speech_said(context, NULL) == LO_INVALID ? LO_OK : LO_FAILED;
    }
    if (!strcmp(fault, "UTF-8")) said.text = slice("\xC3\x28", 2);
    if (!strcmp(fault, "inner UTF-8")) said.kind.of.two = slice("\xFF", 1);
    if (!strcmp(fault, "tag")) said.kind.tag = 2;
    if (!strcmp(fault, "flag")) said.flag = 2;
    if (!strcmp(fault, "null")) said.text = slice(NULL, 1);
    if (!strcmp(fault, "misaligned")) said.numbers.data = (const char *)numbers + 1;
    if (!strcmp(fault, "length")) said.numbers.len = UINT64_MAX / 2;
    if (!strcmp(fault, "nowhere")) said.text = slice((const void *)64, 5);
    speaker_emit_speech_said(context, &said);
    return LO_OK;
}

lo_status speaker_create(lo_context *context, void **self) {
    (void)context;
    *self = NULL;
    return LO_OK;
}

lo_status speaker_connected(void *self, lo_context *context, uint32_t endpoint, uint64_t number) {
    (void)self, (void)context, (void)endpoint, (void)number;
    return LO_OK;
}

lo_status speaker_disconnected(void *self, lo_context *context, uint32_t endpoint, uint64_t number,
                               uint32_t reason) {
    (void)self, (void)context, (void)endpoint, (void)number, (void)reason;
    return LO_OK;
}

lo_status speaker_wake(void *self, lo_context *context, uint64_t token, uint32_t kind,
                       const void *payload) {
    (void)self, (void)context, (void)token, (void)kind, (void)payload;
    return LO_OK;
}

lo_status speaker_destroy(void *self, lo_context *context) {
    (void)self, (void)context;
    return LO_OK;
}

/* A formalism that misbehaves as its texts say, and otherwise implies whatever has the text `yes`. */
#define LIVEOBJ_LIBRARY
#include "plug_in.h"

#include <stdlib.h>
#include <string.h>

#ifndef PRINT
#define PRINT print
#endif
#ifndef REPLAY
#define REPLAY replay
#endif
#ifndef SIZE
#define SIZE sizeof(lo_formalism)
#endif
#ifndef ID
#define ID PLUG_IN_STRANGE_FORMALISM_ID
#endif

struct lo_formula { uint64_t length; char text[64]; };

static int is(const lo_formula *formula, const char *text) {
    return formula->length == strlen(text) && !memcmp(formula->text, text, formula->length);
}

static lo_status say(lo_answer *answer, const char *text) {
    return answer->write(answer, text, strlen(text));
}

static lo_status parse(lo_slice text, const lo_structure *structure, lo_formula **formula,
                       lo_fault *fault, lo_answer *answer) {
    lo_formula *read = calloc(1, sizeof *read);
    if (!read || text.len > sizeof read->text || structure->size < sizeof *structure) {
        free(read);
        return LO_FAILED;
    }
    read->length = text.len;
    memcpy(read->text, text.data, text.len);
    lo_status status = LO_OK;
    if (is(read, "parse fails")) {
        say(answer, "there is no\nink");
        status = LO_FAILED;
    } else if (is(read, "parse fails silently")) {
        status = LO_FAILED;
    } else if (is(read, "parse status")) {
        status = 99;
    } else if (is(read, "parse panics")) {
        say(answer, "panicked in C");
        status = LO_PANIC;
    } else if (is(read, "refused")) {
        say(answer, "nobody says that\nsay `yes`");
        fault->end = text.len;
        status = LO_INVALID;
    } else if (is(read, "refused nowhere")) {
        say(answer, "nobody says that");
        fault->start = 1000, fault->end = 2000;
        status = LO_INVALID;
    } else if (is(read, "refused silently")) {
        status = LO_INVALID;
    } else if (is(read, "parse nothing")) {
        free(read);
        return LO_OK;
    }
    if (status == LO_OK) *formula = read;
    else free(read);
    return status;
}

static lo_status print(const lo_formula *formula, lo_answer *answer) {
    if (is(formula, "print fails")) return LO_FAILED;
    if (is(formula, "print is not UTF-8")) return say(answer, "\xff\xfe");
    if (is(formula, "print too much")) {
        static const char much[1 << 20];
        for (int i = 0; i < 20; i++) answer->write(answer, much, sizeof much);
        return LO_OK;
    }
    if (is(formula, "print nowhere")) {
        answer->write(answer, 0, 5);
        return LO_OK;
    }
    return answer->write(answer, formula->text, formula->length);
}

static lo_status release(lo_formula *formula) {
    free(formula);
    return LO_OK;
}

static lo_status satisfiable(const lo_formula *const *formulas, uint64_t count, uint64_t budget,
                             uint32_t *verdict, lo_answer *answer) {
    (void)formulas, (void)count, (void)answer;
    *verdict = budget ? LO_VERDICT_HOLDS : LO_VERDICT_BUDGET;
    return LO_OK;
}

static const unsigned char empty[] = {1, 0, 0, 0, 0, 0, 0, 0};

static lo_status implies(const lo_formula *const *premises, uint64_t count, const lo_events *events,
                         const lo_formula *conclusion, uint64_t budget, uint32_t *verdict,
                         lo_answer *answer) {
    (void)premises, (void)count, (void)events;
    *verdict = budget ? LO_VERDICT_FAILS : LO_VERDICT_BUDGET;
    if (is(conclusion, "yes")) {
        *verdict = LO_VERDICT_HOLDS;
    } else if (is(conclusion, "perhaps")) {
        *verdict = LO_VERDICT_UNKNOWN;
        say(answer, "who knows");
    } else if (is(conclusion, "perhaps, not UTF-8")) {
        *verdict = LO_VERDICT_UNKNOWN;
        say(answer, "\xff");
    } else if (is(conclusion, "verdict 7")) {
        *verdict = 7;
    } else if (is(conclusion, "no verdict")) {
        *verdict = UINT32_MAX;
    } else if (is(conclusion, "implies fails")) {
        *verdict = LO_VERDICT_HOLDS;
        say(answer, "out of thought");
        return LO_FAILED;
    } else if (is(conclusion, "implies status")) {
        *verdict = LO_VERDICT_HOLDS;
        return LO_STALE;
    } else if (is(conclusion, "no witness")) {
    } else if (is(conclusion, "garbage witness")) {
        answer->write(answer, "\1\0\0\0\377\377\377\377", 8);
    } else if (is(conclusion, "witness of no kind")) {
        answer->write(answer, "\x9\0\0\0", 4);
    } else if (*verdict == LO_VERDICT_FAILS) {
        answer->write(answer, empty, sizeof empty);
    }
    return LO_OK;
}

/* Confirms what refutes `no`. */
static lo_status replay(const lo_formula *const *premises, uint64_t count, const lo_events *events,
                        const lo_formula *conclusion, lo_slice witness, uint32_t *confirmed,
                        lo_answer *answer) {
    (void)premises, (void)count, (void)events;
    if (is(conclusion, "replay fails")) {
        say(answer, "it slipped");
        return LO_FAILED;
    }
    *confirmed = is(conclusion, "no") && witness.len == sizeof empty;
    if (is(conclusion, "replay 2")) *confirmed = 2;
    return LO_OK;
}

const lo_formalism plug_in_strange_formalism = {
    SIZE, ID, parse, PRINT, release, satisfiable, implies, REPLAY, 0, 0, 0, 0,
};

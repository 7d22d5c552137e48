/*
 * liveobj.h: the C ABI between the liveobj runtime and object libraries, ABI 0.1.
 *
 * Major 0 promises no compatibility. A library is a shared object that exports `liveobj_library`
 * and has a manifest in its link section `.liveobj`: "LIVEOBJ\1", then as little-endian uint32_t
 * the version 1, the length of the JSON and the length of the types, four zero bytes, the JSON,
 * and the types in the type language with everything that they use. The JSON:
 *
 *     {"name":"example:clock","version":"1.0.0","abi":[0,1],"panic":"unwind",
 *      "target":"x86_64-linux","threads":false,"templates":["clock"],"formalisms":[]}
 *
 * RULES
 *  - A proxy's functions are called by one thread at a time and never re-entered. keep,
 *    drop_block, post and post_drop may be called on any thread; all else only during a call into
 *    the proxy, with the context of that call.
 *  - Nothing may be thrown, jumped or unwound across: answer LO_PANIC or LO_FAILED, after
 *    reporting why.
 *  - No function may wait. Time, sockets, files, the terminal and child references are requests,
 *    answered later by a wake with the same token.
 *  - Endpoints, in-events and out-events are numbered from 0 in the order of their names (bytes
 *    compared), templates likewise. `in` is what the object receives: for an endpoint declared as
 *    `mirror`, that is what its type calls `out`.
 *  - What an object emits is checked before anybody sees it. An event that its type does not
 *    declare, or a payload that is not a value of the event's type, is answered with LO_INVALID,
 *    and the object ends. Only where slices point to is not checked, and who their owner is. What
 *    may have come from elsewhere does not end it: bytes of an lo_opaque that are no value of
 *    their type, and events of dynamic endpoints that there are not.
 *  - Where an endpoint's type is a type parameter (dynamic endpoints), the events are those of the
 *    argument, numbered like any others. One handler takes all of them, as lo_dynamic; what is
 *    emitted is a number and an lo_opaque.
 *  - Structs that start with their size only grow within a major version: what lies beyond the
 *    size is absent.
 *
 * LAYOUT 1, of parameters, states to load and events' payloads: a function of the structure of the type alone;
 * 64-bit little-endian, natural C alignment.
 *  1  bool (0 or 1), u8, s8: 1 byte. u16, s16: 2. u32, s32, f32, char: 4. u64, s64, f64: 8.
 *     uuid: 16 bytes, alignment 1.
 *  2  record, event, parameters: a C struct, its fields by falling alignment, then by name.
 *     tuple: a C struct, its fields by position. Without fields: a payload is NULL.
 *  3  enum, and tag of a variant: uint32_t, index in name order. variant: {uint32_t tag; union}.
 *     option<T>: {uint8_t some; T}; what follows `some` 0 is unspecified.
 *  4  string (UTF-8), bytes, list, map: lo_slice; map: a list of {K key; V value}, ascending by
 *     key, each key once.
 *  5  Members on a cycle of inline containment are boxed: lo_slice with len 1; len 0 for an
 *     option that is absent.
 *  6  reference, external: lo_slice of the bytes of the canonical document. A value of a type
 *     parameter: lo_opaque.
 *  7  Payloads are immutable and lent for the call. owner NULL: lent. Else: a counted block of the
 *     host that holds a count on every owner inside. Who wants a slice for longer calls `keep`.
 *     Nobody frees a payload.
 *  8  Wire form (lo_opaque, saved state): no padding, little-endian, fields by name, tags and
 *     lengths as uint32_t, options as one byte and what it announces, one NaN.
 */
#ifndef LIVEOBJ_H
#define LIVEOBJ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Put before the definition of `liveobj_library`. */
#if defined(_WIN32)
#define LO_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define LO_EXPORT __attribute__((visibility("default")))
#else
#define LO_EXPORT
#endif

/* For functions that other files of a library see, and nobody else. */
#if defined(__GNUC__) && !defined(_WIN32)
#define LO_LOCAL __attribute__((visibility("hidden")))
#else
#define LO_LOCAL
#endif

/* Puts the bytes of the manifest into their link section, used or not. */
#if defined(__APPLE__)
#define LO_MANIFEST __attribute__((used, section("__DATA,.liveobj")))
#elif defined(__GNUC__)
#define LO_MANIFEST __attribute__((used, section(".liveobj")))
#endif

/* Alignment of a type. */
#if defined(__cplusplus)
#define LO_ALIGNOF(type) alignof(type)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LO_ALIGNOF(type) _Alignof(type)
#else
#define LO_ALIGNOF(type) offsetof(struct { char first; type second; }, second)
#endif

#define LO_MAJOR 0          /* promises no compatibility */
#define LO_MINOR 1
#define LO_MAGIC "liveobj"  /* with its NUL: the first eight bytes of lo_library */
#define LO_LIBRARY_SYMBOL "liveobj_library"

/* What functions across the boundary answer. */
typedef int32_t lo_status;
#define LO_OK 0             /* done */
#define LO_NOT_CONNECTED 1  /* the endpoint has no connection */
#define LO_REFUSED 2        /* a queue is full, and the event is `refusable` */
#define LO_STALE 3          /* the connection, link or token is gone */
#define LO_INVALID 4        /* the arguments make no sense */
#define LO_PANIC (-1)       /* the callee panicked; it reported the message before */
#define LO_FAILED (-2)      /* the callee failed; it reported why before */

/* Opaque to libraries. */
typedef struct lo_block lo_block;  /* a counted block of host memory */
typedef struct lo_type lo_type;    /* a wire type of the host; NULL: the parameter's own type */
typedef struct lo_post lo_post;    /* a handle through which any thread reaches a proxy */

/* ---- payloads ---- */

/* Elements lent for the call (owner NULL), or held by a counted block. */
typedef struct lo_slice {
    const void *data;  /* first element; may be NULL or dangling (but aligned) where len is 0 */
    uint64_t len;      /* elements; bytes for string, bytes and documents */
    lo_block *owner;   /* the block that holds a count on everything inside, or NULL */
} lo_slice;

/* A value of a type parameter. */
typedef struct lo_opaque {
    lo_slice wire;        /* wire bytes */
    const lo_type *type;  /* their type; NULL: the argument of the parameter that stands here */
} lo_opaque;

/* An event of a dynamic endpoint as its handler is handed it. What comes in at an endpoint and what
   goes out at its mirror have the same numbers, so that an object passes events on by number and
   payload without knowing their types. */
typedef struct lo_dynamic {
    lo_opaque payload;  /* the wire form of the record of its parameters, lent for the call */
    uint32_t event;     /* its number among the endpoint's in-events, in name order */
} lo_dynamic;

/* Where an event comes from. */
typedef struct lo_envelope {
    uint64_t connection;  /* the connection it came through */
    uint64_t path;        /* the chain of causes it belongs to: one number per outside event */
    uint64_t parent;      /* the event in whose handler it was emitted; 0: the first of its path */
} lo_envelope;

/* ---- the host, as a proxy sees it ---- */

typedef struct lo_link lo_link;
typedef struct lo_context lo_context;
typedef struct lo_host lo_host;

/* Where an endpoint's events go; the first word of a larger struct of the host. */
struct lo_link {
    /* Emits out-event number `event`; the payload is in layout 1. At a dynamic endpoint it is an
       lo_opaque: the wire form of the record of the event's parameters, checked where it is
       decoded. */
    lo_status (*emit)(lo_link *link, lo_context *context, uint32_t event, const void *payload);
};

/* What a proxy sees during one call; the first words of a larger struct of the host. */
struct lo_context {
    uint32_t size;
    uint32_t endpoints;     /* how many */
    lo_link *const *links;  /* one per endpoint: those of the object's type by name, then the
                               template's private ones by name. A stub while unconnected, all peers
                               if `many` */
    const lo_host *host;
};

/* An endpoint of an object that does not run. */
typedef struct lo_reflected_endpoint {
    lo_slice name;       /* UTF-8 */
    lo_slice type;       /* name of its type, or a description, UTF-8 */
    uint32_t many;       /* 1: each connection is another instance; else 0 */
    uint32_t mandatory;  /* 1: a proxy does not start until it is connected; else 0 */
} lo_reflected_endpoint;

/* What a live object reference refers to. The slices have no owners of their own. */
typedef struct lo_reflection {
    lo_block *owner;       /* what holds all of it */
    lo_slice name;         /* name of its type, or a description, UTF-8 */
    lo_slice declaration;  /* its type as a declaration of several lines, for people, UTF-8 */
    lo_slice endpoints;    /* lo_reflected_endpoint in name order */
} lo_reflection;

/* The host's functions. */
struct lo_host {
    uint32_t size;
    /* Keeps a slice beyond the call: one count more, or a copy if it was lent. Give it back with
       drop_block(slice.owner). `type`: that of the elements of a list; NULL for bytes. */
    lo_slice (*keep)(lo_slice slice, const lo_type *type);
    /* Gives a count back. */
    void (*drop_block)(lo_block *block);
    /* A new block of `count` bytes; `write` receives where to write them. */
    lo_slice (*block)(const lo_type *element, uint64_t count, void **write);
    /* The link of one connection of a `many` endpoint, valid for this call; NULL: it is gone. */
    lo_link *(*link)(lo_context *context, uint32_t endpoint, uint64_t connection);
    /* Nanoseconds on a LO_CLOCK_. */
    uint64_t (*now)(lo_context *context, uint32_t clock);
    /* 64 random bits, fit for keys and nonces; in a simulation they follow from its seed. */
    uint64_t (*random)(lo_context *context);
    /* Identity of the reference that made this proxy: 32 bytes. */
    void (*identity)(lo_context *context, uint8_t *out);
    /* Asks for something of the outside world: a LO_REQUEST_. `token` is the proxy's own number
       for the request, or for the resource that it opens. */
    lo_status (*request)(lo_context *context, uint64_t token, uint32_t kind,
                         const void *arguments);
    /* Gives up a token: cancels the request, or closes the resource. No wake follows. */
    lo_status (*close)(lo_context *context, uint64_t token);
    /* A handle for other threads; give it back with post_drop. */
    lo_post *(*post_handle)(lo_context *context);
    void (*post_drop)(lo_post *post);
    /* Wakes the proxy with LO_WAKE_POSTED; the bytes are copied. */
    lo_status (*post)(lo_post *post, uint64_t token, lo_slice bytes);
    /* Tells people something: a LO_LEVEL_, UTF-8. */
    void (*report)(lo_context *context, uint32_t level, lo_slice text);
    /* Name of event number `event` among those of a LO_DIRECTION_ of an endpoint: UTF-8, lent for
       the call; empty if there is no such event. */
    lo_slice (*event_name)(lo_context *context, uint32_t endpoint, uint32_t direction,
                           uint32_t event);
    /* Looks at what a live object reference refers to; nothing runs. LO_FAILED: the document is
       refused, and `found->name` is the reason. Give it back with drop_block(found->owner). */
    lo_status (*inspect)(lo_context *context, lo_slice reference, lo_reflection *found);
    /* The canonical document of the same object as one of the object type `type`, UTF-8, in the
       words of this library's types and of the template's type parameters, which stand for their
       arguments. LO_FAILED: the object is not shown to be one, and `answer` is the reason, UTF-8.
       Give it back with drop_block(answer->owner). */
    lo_status (*cast)(lo_context *context, lo_slice reference, lo_slice type, lo_slice *answer);
};

#define LO_CLOCK_MONOTONIC 0  /* never goes back; its zero is arbitrary */
#define LO_CLOCK_WALL 1       /* since 1970 in UTC */

#define LO_DIRECTION_IN 0   /* events that the endpoint's owner receives */
#define LO_DIRECTION_OUT 1  /* events that the endpoint's owner emits */

#define LO_LEVEL_DEBUG 0    /* worth reading when something is looked for */
#define LO_LEVEL_INFO 1     /* worth knowing */
#define LO_LEVEL_WARNING 2  /* something is not as it should be */
#define LO_LEVEL_ERROR 3    /* something failed; precedes LO_FAILED and LO_PANIC */

/* ---- requests: what a proxy asks of the outside world ---- */

#define LO_REQUEST_TIMER 1          /* lo_timer_arguments. Wakes once: TIMER */
#define LO_REQUEST_UDP_OPEN 2       /* lo_udp_open_arguments. Wakes: READY or FAILED, then a
                                       DATAGRAM for each datagram, until closed */
#define LO_REQUEST_UDP_SEND 3       /* lo_udp_send_arguments; the token is that of the socket.
                                       Not answered: a datagram that cannot be sent is lost */
#define LO_REQUEST_TERMINAL_OPEN 4  /* NULL. Wakes: a LINE for each line entered, END at the end of
                                       the input; FAILED: no terminal, or another proxy has it */
#define LO_REQUEST_TERMINAL_SHOW 5  /* lo_text_arguments, shown as one line; the token is that of
                                       the terminal. Not answered */
#define LO_REQUEST_FILE_READ 6      /* lo_file_arguments. Wakes: FILE, MISSING or FAILED */
#define LO_REQUEST_DEREFERENCE 7    /* lo_dereference_arguments. Wakes: OPENED or FAILED. The token
                                       owns the new proxy */
#define LO_REQUEST_CONNECT 8        /* lo_connect_arguments. Wakes: CONNECTED or FAILED. The token
                                       owns the connection */
#define LO_REQUEST_DEREFERENCE_AS 9 /* lo_dereference_as_arguments: cast, then DEREFERENCE. Wakes:
                                       OPENED or FAILED. The token owns the new proxy */
#define LO_REQUEST_EXPORT 10        /* lo_export_arguments: lends an endpoint of a dereferenced proxy
                                       to other nodes. Wakes: EXPORTED or FAILED, later FAILED if
                                       nobody was connected for too long. The token owns what is
                                       lent: closing it disconnects whoever is connected */
#define LO_REQUEST_EXPORT_OWN 11    /* lo_export_own_arguments: EXPORT, for an endpoint of this
                                       proxy's own; private ones are refused */
#define LO_REQUEST_CONNECT_EXTERNAL 12 /* lo_connect_external_arguments. Wakes: CONNECTED or FAILED.
                                          The token owns the connection */
#define LO_REQUEST_TCP_LISTEN 13    /* lo_tcp_listen_arguments. Wakes: READY (the local address) or
                                       FAILED. Whoever connects waits until TCP_ACCEPT takes it */
#define LO_REQUEST_TCP_ACCEPT 14    /* lo_tcp_accept_arguments. The token becomes that of the next
                                       stream that somebody opens to the listener. Wakes: READY (the
                                       address of the other end) or FAILED */
#define LO_REQUEST_TCP_CONNECT 15   /* lo_tcp_connect_arguments: opens a stream. Wakes: READY (the
                                       address of the other end) or FAILED, after 10 seconds at the
                                       latest */
#define LO_REQUEST_TCP_SEND 16      /* lo_tcp_send_arguments; the token is that of a stream. Takes all
                                       bytes, or none and answers LO_REFUSED: more than LO_TCP_ROOM
                                       would wait. Then WRITABLE follows, once, when nothing waits
                                       any more. FAILED: the stream broke */
#define LO_REQUEST_TCP_RECEIVE 17   /* NULL; the token is that of a stream. Wakes once: DATA, END when
                                       the other end has closed the stream, or FAILED. Nothing is read
                                       of a stream that is not asked: then the other end has to wait.
                                       LO_INVALID while an earlier one has not been answered */
#define LO_REQUEST_FAREWELL 18      /* NULL. Wakes once: FAREWELL, when the proxy is about to end.
                                       LO_INVALID if it has asked before, LO_STALE once its end has
                                       begun */
#define LO_REQUEST_FAREWELL_LAST 19 /* the same, but woken last: once nobody stays any more of those
                                       that were woken first, and all that they said is delivered. A
                                       proxy asks for one of the two */
#define LO_REQUEST_STAY 20          /* NULL. What the proxy belongs to is not disconnected before the
                                       token is closed, but in time all the same: then wakes once with
                                       FAILED. LO_INVALID before its end has begun, LO_STALE once it
                                       is disconnected */
#define LO_TCP_ROOM 1048576         /* bytes of a stream that may wait to be sent */

typedef struct lo_timer_arguments {
    uint64_t nanoseconds;  /* how long to wait, on the monotonic clock */
} lo_timer_arguments;

typedef struct lo_udp_open_arguments {
    lo_slice bind;       /* local address, UTF-8, ip:port; port 0 takes a free one */
    lo_slice group;      /* multicast group to join, UTF-8, ip; empty: none. With a group, address
                            and port may be shared with other sockets, and what is sent to the
                            group comes back to this machine */
    lo_slice interface;  /* address of the interface to join on and to send multicast from,
                            UTF-8, ip */
    uint32_t ttl;        /* hops that multicast may take; 0 stays on this machine */
} lo_udp_open_arguments;

typedef struct lo_udp_send_arguments {
    lo_slice to;     /* UTF-8, ip:port */
    lo_slice bytes;  /* payload */
} lo_udp_send_arguments;

typedef struct lo_tcp_listen_arguments {
    lo_slice bind;  /* local address, UTF-8, ip:port; port 0 takes a free one */
} lo_tcp_listen_arguments;

typedef struct lo_tcp_accept_arguments {
    uint64_t listener;  /* token of a listener */
} lo_tcp_accept_arguments;

typedef struct lo_tcp_connect_arguments {
    lo_slice to;  /* address of the other end, UTF-8, ip:port */
} lo_tcp_connect_arguments;

typedef struct lo_tcp_send_arguments {
    lo_slice bytes;  /* what is sent */
} lo_tcp_send_arguments;

typedef struct lo_text_arguments {
    lo_slice text;  /* UTF-8 */
} lo_text_arguments;

#define LO_SPACE_FILES 0     /* paths of the file system */
#define LO_SPACE_REGISTRY 1  /* names of entries in the user's registry */

typedef struct lo_file_arguments {
    uint32_t space;  /* a LO_SPACE_ */
    lo_slice path;   /* UTF-8 */
} lo_file_arguments;

typedef struct lo_dereference_arguments {
    lo_slice reference;  /* canonical document */
} lo_dereference_arguments;

typedef struct lo_dereference_as_arguments {
    lo_slice reference;  /* canonical document */
    lo_slice type;       /* object type in the words of this library's types, UTF-8 */
} lo_dereference_as_arguments;

typedef struct lo_connect_arguments {
    uint64_t proxy;     /* token of a dereferenced proxy */
    lo_slice endpoint;  /* name of its endpoint, UTF-8 */
    uint32_t own;       /* number of this proxy's own endpoint; it may be a private one */
} lo_connect_arguments;

typedef struct lo_export_arguments {
    uint64_t proxy;     /* token of a dereferenced proxy */
    lo_slice endpoint;  /* name of its endpoint, UTF-8 */
} lo_export_arguments;

typedef struct lo_export_own_arguments {
    uint32_t own;  /* number of this proxy's own endpoint */
} lo_export_own_arguments;

typedef struct lo_connect_external_arguments {
    lo_slice external;  /* document of the external endpoint reference */
    uint32_t own;       /* number of this proxy's own endpoint; it may be a private one */
} lo_connect_external_arguments;

/* ---- wakes: how requests are answered ---- */

#define LO_WAKE_TIMER 1     /* NULL: the time has passed */
#define LO_WAKE_READY 2     /* lo_ready_wake: the resource is open */
#define LO_WAKE_DATAGRAM 3  /* lo_datagram_wake: a datagram */
#define LO_WAKE_LINE 4      /* lo_slice of UTF-8: a line without its end */
#define LO_WAKE_END 5       /* NULL: no more lines, or no more bytes of a stream */
#define LO_WAKE_FILE 6      /* lo_slice: the bytes of the file */
#define LO_WAKE_MISSING 7   /* NULL: there is no such file */
#define LO_WAKE_OPENED 8    /* NULL: the proxy is there */
#define LO_WAKE_FAILED 9    /* lo_slice of UTF-8: it did not work, or what was open ended; why */
#define LO_WAKE_POSTED 10   /* lo_slice of bytes: another thread posted them */
#define LO_WAKE_CONNECTED 11 /* lo_connected_wake: the connection is there */
#define LO_WAKE_EXPORTED 12 /* lo_slice of UTF-8: the endpoint is lent; the document of an
                               `external<>`, with which whoever has it can connect */
#define LO_WAKE_DATA 13     /* lo_slice: bytes of a stream, 1 to LO_TCP_CHUNK of them */
#define LO_WAKE_WRITABLE 14 /* NULL: there is room in a stream again */
#define LO_WAKE_FAREWELL 15 /* NULL: what the proxy belongs to ends. Nothing of it is disconnected
                               yet; all is, once what the proxy emits and sends now is delivered,
                               unless somebody stays (LO_REQUEST_STAY) */
#define LO_TCP_CHUNK 65536  /* most bytes of one DATA */

typedef struct lo_ready_wake {
    lo_slice address;  /* local address of a socket or listener, or the address of the other end of
                          a stream, UTF-8, ip:port */
} lo_ready_wake;

typedef struct lo_datagram_wake {
    lo_slice from;   /* sender, UTF-8, ip:port */
    lo_slice bytes;  /* payload */
} lo_datagram_wake;

typedef struct lo_connected_wake {
    uint64_t connection;  /* as envelopes and `connected` name it */
} lo_connected_wake;

/* ---- objects: what a library provides ---- */

#define LO_REASON_DROPPED 0      /* the connection was dropped, or its owner was */
#define LO_REASON_PEER_FAILED 1  /* the peer failed or panicked */
#define LO_REASON_OVERFLOW 2     /* a queue overflowed */
#define LO_REASON_LINK_LOST 3    /* the link with the peer's node broke, or showed no sign of life */

/* Handles one event. The payload is lent for the call; for dynamic endpoints it is an lo_dynamic. */
typedef lo_status lo_handler(void *self, lo_context *context, const lo_envelope *envelope,
                             const void *payload);

/* One template. */
typedef struct lo_object {
    uint32_t size;
    uint32_t endpoints;  /* how many, private ones included */
    /* Makes a proxy. `parameters` are the value parameters: a struct, lent for the call. */
    lo_status (*create)(lo_context *context, const void *parameters, void **self);
    /* Makes a proxy that goes on where a saved one was, in place of `create`. `state` is in layout 1,
       as the parameters are, and lent for the call. NULL, as are the next two, exactly where the
       objects of the template have no `state`. */
    lo_status (*load)(lo_context *context, const void *parameters, const void *state,
                      void **self);
    /* Saves the state in wire form. `wire` without an owner is lent until the next call of this
       proxy; with an owner, made by `block`, its count goes to the host. Changes nothing, and emits
       and asks for nothing. */
    lo_status (*save)(void *self, lo_context *context, lo_slice *wire);
    /* Digest of the state, 32 bytes, the same for equal states. Changes nothing. NULL: the SHA-256 of
       what `save` gives. */
    lo_status (*digest)(void *self, lo_context *context, uint8_t *out);
    /* A connection of an endpoint is there; events may follow. */
    lo_status (*connected)(void *self, lo_context *context, uint32_t endpoint,
                           uint64_t connection);
    /* A connection is gone, for a LO_REASON_; exactly one for each `connected`. */
    lo_status (*disconnected)(void *self, lo_context *context, uint32_t endpoint,
                              uint64_t connection, uint32_t reason);
    /* Something asked for has happened: a LO_WAKE_ and its payload, lent for the call. */
    lo_status (*wake)(void *self, lo_context *context, uint64_t token, uint32_t kind,
                      const void *payload);
    /* Ends the proxy; `self` is not used again, whatever is answered. The context is there to report:
       nothing is connected, and what is asked for is given up. */
    lo_status (*destroy)(void *self, lo_context *context);
    /* [endpoint, as in lo_context][in-event]; what an endpoint without in-events has is not read. A
       dynamic endpoint has one handler, whatever events its type will have. */
    lo_handler *const *const *handlers;
    const uint32_t *handler_counts;  /* by endpoint: how many it has */
} lo_object;

/* ---- formalisms: languages of constraints that a library adds; docs/formalisms.md ---- */

/* Their functions know no context and no proxy: they are pure, and may be called on any thread, by
   several at once. Formulas are never changed once they are made. */

typedef struct lo_formula lo_formula;  /* opaque to hosts: a constraint as its formalism read it */

/* Where a formalism writes what it answers in words or bytes. */
typedef struct lo_answer lo_answer;
struct lo_answer {
    uint32_t size;
    /* Appends bytes, which are copied. LO_REFUSED: there are more of them than a host takes, and the
       whole call counts as failed. */
    lo_status (*write)(lo_answer *answer, const void *data, uint64_t length);
};

#define LO_STRUCTURE_UNDECLARED 0  /* any name may stand for an event; no endpoints are listed */
#define LO_STRUCTURE_ENDPOINT 1    /* one endpoint, whose names are empty */
#define LO_STRUCTURE_OBJECT 2      /* the endpoints of an object */

typedef struct lo_structure_parameter {
    lo_slice name;         /* UTF-8 */
    lo_slice domain;       /* what tells the domains of parameters apart, UTF-8: two of equal key
                              have the same values; empty if nothing is known */
    uint64_t domain_size;  /* how many values there are; 0 if they are not finitely many, or not
                              known to be */
} lo_structure_parameter;

typedef struct lo_structure_event {
    lo_slice name;     /* UTF-8 */
    uint32_t emitted;  /* 1: who provides the constraint emits it; 0: handles it */
    uint64_t count;    /* how many parameters */
    const lo_structure_parameter *parameters;  /* in order */
} lo_structure_event;

typedef struct lo_structure_endpoint {
    lo_slice written;  /* as the text calls it, UTF-8 */
    lo_slice name;     /* its name, which formulas use, UTF-8; the same in most cases */
    uint64_t count;    /* how many events */
    const lo_structure_event *events;  /* ordered by name */
} lo_structure_endpoint;

/* What a text can speak of, from the side of who provides it. Lent for the call. */
typedef struct lo_structure {
    uint32_t size;
    uint32_t kind;            /* a LO_STRUCTURE_ */
    uint32_t endpoint_size;   /* of one lo_structure_endpoint, as the host knows it */
    uint32_t event_size;      /* of one lo_structure_event, as the host knows it */
    uint32_t parameter_size;  /* of one lo_structure_parameter, as the host knows it */
    uint64_t count;           /* how many endpoints */
    const lo_structure_endpoint *endpoints;  /* ordered by how texts call them */
} lo_structure;

#define LO_EVENTS_ALL 0       /* no restriction; no endpoints are listed */
#define LO_EVENTS_ENDPOINT 1  /* only those listed, at the one endpoint, whose name is empty */
#define LO_EVENTS_OBJECT 2    /* only those listed, at each endpoint of an object */

typedef struct lo_endpoint_events {
    lo_slice name;           /* of the endpoint, UTF-8 */
    uint64_t count;          /* how many events */
    const lo_slice *events;  /* their names in order, UTF-8 */
} lo_endpoint_events;

/* What the provider of the premises may emit. Lent for the call. */
typedef struct lo_events {
    uint32_t size;
    uint32_t kind;           /* a LO_EVENTS_ */
    uint32_t endpoint_size;  /* of one lo_endpoint_events, as the host knows it */
    uint64_t count;          /* how many endpoints */
    const lo_endpoint_events *endpoints;  /* in name order */
} lo_events;

/* The part of a text that cannot be read, in bytes. */
typedef struct lo_fault {
    uint64_t start;
    uint64_t end;  /* byte after the last one */
} lo_fault;

#define LO_VERDICT_FAILS 0    /* it is not so; the answer is a witness */
#define LO_VERDICT_UNKNOWN 1  /* it was not decided; the answer says why, UTF-8 */
#define LO_VERDICT_HOLDS 2    /* it is so; no answer */
#define LO_VERDICT_BUDGET 3   /* it was not decided for want of steps; no answer */

/* A witness is written without padding, little-endian: a uint32_t, which is a LO_WITNESS_, and what
   that says. Numbers are uint32_t; texts are their length in bytes, a uint32_t, and UTF-8. */
#define LO_WITNESS_NONE 0        /* the verdict itself is all there is to see; nothing follows */
#define LO_WITNESS_ASSIGNMENT 1  /* the number of pairs, then for each its name and its value */
#define LO_WITNESS_TRACE 2       /* the number of events before the cycle and the events, then the
                                    same for the cycle */
#define LO_WITNESS_HISTORY 3     /* the number of things that are there and what each of them is,
                                    then as for LO_WITNESS_TRACE */

/* The functions of one formalism. Where they do not answer LO_OK, the answer, if any, says why,
   UTF-8, and all other results are ignored. */
typedef struct lo_formalism {
    uint32_t size;
    uint8_t id[16];  /* the first byte is the most significant one */
    /* Reads a text in a structure. LO_INVALID: the text is at fault; `fault` is where it cannot be
       read, and the answer why; after a line feed, what to write instead. */
    lo_status (*parse)(lo_slice text, const lo_structure *structure, lo_formula **formula,
                       lo_fault *fault, lo_answer *answer);
    /* Answers the canonical text: two formulas that print alike are equal. */
    lo_status (*print)(const lo_formula *formula, lo_answer *answer);
    /* Gives a formula back, which is not used again, whatever is answered. */
    lo_status (*release)(lo_formula *formula);
    /* Whether something satisfies all `formulas` at once: a LO_VERDICT_. `budget` is the number of
       steps after which the answer is LO_VERDICT_BUDGET; what a step is, says the formalism. */
    lo_status (*satisfiable)(const lo_formula *const *formulas, uint64_t count, uint64_t budget,
                             uint32_t *verdict, lo_answer *answer);
    /* Whether all `premises` together imply `conclusion`: a LO_VERDICT_. */
    lo_status (*implies)(const lo_formula *const *premises, uint64_t count,
                         const lo_events *events, const lo_formula *conclusion, uint64_t budget,
                         uint32_t *verdict, lo_answer *answer);
    /* Whether under the witness (bytes as `implies` wrote them) all `premises` hold and `conclusion`
       does not: 1, else 0. */
    lo_status (*replay)(const lo_formula *const *premises, uint64_t count,
                        const lo_events *events, const lo_formula *conclusion, lo_slice witness,
                        uint32_t *confirmed, lo_answer *answer);
    /* The dual of a protocol; NULL in `dual` where it has none. The function may be NULL: nothing
       has a dual. */
    lo_status (*dual)(const lo_formula *formula, lo_formula **dual, lo_answer *answer);
    /* What is left of a guarantee when fields of messages are dropped: a consequence that says
       nothing about the contents of messages; NULL in `left` if nothing is. The function may be
       NULL: nothing is left of any. */
    lo_status (*surviving)(const lo_formula *formula, lo_formula **left, lo_answer *answer);
    /* A formula of an endpoint as one of an object that has the endpoint under this name; NULL in
       `lifted` if that cannot be said. The function may be NULL: it never can. */
    lo_status (*at_endpoint)(const lo_formula *formula, lo_slice endpoint, lo_formula **lifted,
                             lo_answer *answer);
    /* Answers what a refutation shows, as a clause without a period; nothing if there is nothing to
       add. The function may be NULL. */
    lo_status (*explain)(const lo_formula *const *premises, uint64_t count,
                         const lo_formula *conclusion, lo_slice witness, lo_answer *answer);
} lo_formalism;

/* One exported layout, which the host compares with its own computation. Records, events,
   parameters, tuples, options and variants need one; other types may have one. */
typedef struct lo_layout_entry {
    uint8_t id[32];           /* SHA-256 of the minimized type */
    uint32_t size;
    uint32_t align;
    const uint32_t *offsets;  /* of fields in name order, of tuple items by position, of the payload
                                 of options and variants; none for the rest */
    uint64_t offset_count;
} lo_layout_entry;

/* The layouts of every event, parameter and state, and of everything inside, as this library's
   compiler laid them out. */
typedef struct lo_layouts {
    uint32_t size;
    uint32_t entry_size;             /* of one lo_layout_entry */
    uint64_t count;
    const lo_layout_entry *entries;  /* sorted by id, each once */
} lo_layouts;

/* What `liveobj_library` answers: immutable, and there as long as the library is. */
typedef struct lo_library {
    char magic[8];  /* LO_MAGIC */
    uint32_t size;
    uint16_t major;  /* LO_MAJOR and LO_MINOR that it was built for */
    uint16_t minor;
    const lo_layouts *layouts;
    uint32_t count;                   /* how many objects */
    const lo_object *const *objects;  /* the templates in name order */
    /* Called before anything else, and again, with the same host, where a library that is still
       mapped is loaded anew: under another name, or after it was to be unloaded. NULL is
       allowed. */
    lo_status (*attach)(const lo_host *host);
    uint32_t formalism_count;  /* this and the next one are absent in tables that are too short */
    const lo_formalism *const *formalisms;  /* in the order of the manifest */
} lo_library;

/* The one symbol that a library exports. */
LO_EXPORT const lo_library *liveobj_library(void);

/* What layout 1 needs of the platform. */
typedef char lo_pointers_have_64_bits[sizeof(void *) == 8 ? 1 : -1];

#ifdef __cplusplus
}
#endif

#endif /* LIVEOBJ_H */

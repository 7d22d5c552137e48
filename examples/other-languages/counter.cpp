// A library of objects in C++: `counter` counts the messages of a channel, whatever their type.
#define LIVEOBJ_LIBRARY
#include "counter.h" // made by `liveobj library header counter.lot --name example:counter`

#include <exception>
#include <string>

namespace {

class Counter {
public:
    explicit Counter(uint64_t every) : every_(every), passed_(0) {}

    void count(lo_context *context) {
        if (++passed_ % every_ != 0) return;
        const std::string note = std::to_string(passed_) + " messages";
        counter_count_counted payload = {passed_, {note.data(), note.size(), nullptr}};
        counter_emit_count_counted(context, &payload);
    }

private:
    uint64_t every_, passed_;
};

void report(lo_context *context, const char *text) {
    context->host->report(context, LO_LEVEL_ERROR, {text, std::char_traits<char>::length(text), nullptr});
}

// Nothing may be thrown across the boundary.
template <typename Body> lo_status guarded(lo_context *context, Body body) {
    try {
        return body();
    } catch (const std::exception &error) {
        report(context, error.what());
    } catch (...) {
        report(context, "something was thrown that is no exception");
    }
    return LO_PANIC;
}

} // namespace

lo_status counter_create(lo_context *context, const counter_parameters *parameters,
                                 void **self) {
    return guarded(context, [&] {
        if (parameters->every == 0) {
            report(context, "`every` is 0");
            return LO_FAILED;
        }
        *self = new Counter(parameters->every);
        return LO_OK;
    });
}

lo_status counter_destroy(void *self, lo_context *) {
    delete static_cast<Counter *>(self);
    return LO_OK;
}

// A message is opaque: its wire bytes, which are passed on as they came.
lo_status counter_on_user_send(void *self, lo_context *context, const lo_envelope *,
                                       const counter_user_send *payload) {
    return guarded(context, [&] {
        counter_emit_channel_send(context, payload);
        static_cast<Counter *>(self)->count(context);
        return LO_OK;
    });
}

lo_status counter_on_channel_receive(void *self, lo_context *context, const lo_envelope *,
                                             const counter_channel_receive *payload) {
    return guarded(context, [&] {
        counter_emit_user_receive(context, payload);
        static_cast<Counter *>(self)->count(context);
        return LO_OK;
    });
}

lo_status counter_connected(void *, lo_context *, uint32_t, uint64_t) { return LO_OK; }

lo_status counter_disconnected(void *, lo_context *, uint32_t, uint64_t, uint32_t) {
    return LO_OK;
}

lo_status counter_wake(void *, lo_context *, uint64_t, uint32_t, const void *) {
    return LO_OK;
}

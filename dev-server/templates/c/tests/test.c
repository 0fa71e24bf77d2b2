/* Loads the plugin as a host does and listens. Run by ./test.sh. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/clap.h"

#define FRAMES 1000

static void check(bool is_right, const char *what) {
    if (!is_right) {
        fprintf(stderr, "FAILED: %s\n", what);
        exit(1);
    }
    printf("ok: %s\n", what);
}

/* One parameter event or none, at the frame `header.time`. */
static uint32_t size(const clap_input_events_t *list) { return list->ctx != NULL; }
static const clap_event_header_t *get(const clap_input_events_t *list, uint32_t index) {
    (void)index;
    return list->ctx;
}

/* Plays ones, so that what comes out is the gain. */
static const float *play(const clap_plugin_t *plugin, clap_event_param_value_t *event) {
    static float rows[2][FRAMES];
    for (int i = 0; i < FRAMES; i++) rows[0][i] = rows[1][i] = 1.0f;
    float *channels[2] = { rows[0], rows[1] };
    clap_audio_buffer_t in = { .data32 = channels, .channel_count = 2 }, out = in;
    clap_input_events_t events = { event, size, get };
    clap_process_t block = {
        .frames_count = FRAMES, .audio_inputs = &in, .audio_outputs = &out,
        .audio_inputs_count = 1, .audio_outputs_count = 1, .in_events = &events,
    };
    check(plugin->process(plugin, &block) != CLAP_PROCESS_ERROR, "a block is processed");
    check(memcmp(rows[0], rows[1], sizeof rows[0]) == 0, "left is right");
    return rows[0];
}

/* A stream that is as narrow as a stream may be: one byte at a time. */
static struct { char bytes[64]; uint64_t end, at; } tape;

static int64_t write_one(const clap_ostream_t *stream, const void *buffer, uint64_t n) {
    (void)stream;
    if (n == 0 || tape.end == sizeof tape.bytes) return -1;
    memcpy(tape.bytes + tape.end++, buffer, 1);
    return 1;
}

static int64_t read_one(const clap_istream_t *stream, void *buffer, uint64_t n) {
    (void)stream;
    if (n == 0 || tape.at == tape.end) return 0;
    memcpy(buffer, tape.bytes + tape.at++, 1);
    return 1;
}

int main(int argc, char **argv) {
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    check(library != NULL, "the library loads");
    const clap_plugin_entry_t *entry = dlsym(library, "clap_entry");
    check(entry != NULL && entry->init(argv[1]), "it has an entry");
    const clap_plugin_factory_t *factory = entry->get_factory(CLAP_PLUGIN_FACTORY_ID);
    const char *id = factory->get_plugin_descriptor(factory, 0)->id;
    clap_host_t host = { .clap_version = CLAP_VERSION_INIT, .name = "test" };
    const clap_plugin_t *plugin = factory->create_plugin(factory, &host, id);
    check(plugin != NULL && plugin->init(plugin), "a plugin is made");
    check(plugin->activate(plugin, 48000.0, 1, FRAMES) && plugin->start_processing(plugin), "it is activated");

    const float *out = play(plugin, NULL);
    check(out[0] == 1.0f && out[FRAMES - 1] == 1.0f, "0 dB changes nothing");
    clap_event_param_value_t event = {
        .header = { sizeof event, 100, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, 0 },
        .param_id = 1, .value = -20.0,
    };
    out = play(plugin, &event);
    check(out[99] == 1.0f && out[100] < 1.0f, "a change takes effect at its frame");
    check(out[818] > 0.1f && out[819] == 0.1f, "and is a ramp of 15 ms");

    const clap_plugin_state_t *state = plugin->get_extension(plugin, CLAP_EXT_STATE);
    const clap_plugin_params_t *params = plugin->get_extension(plugin, CLAP_EXT_PARAMS);
    clap_ostream_t to = { NULL, write_one };
    clap_istream_t from = { NULL, read_one };
    double value = 0.0;
    check(state->save(plugin, &to), "the state is saved");
    event.value = 6.0;
    play(plugin, &event);
    check(params->get_value(plugin, 1, &value) && value == 6.0, "the gain moves on");
    check(state->load(plugin, &from) && params->get_value(plugin, 1, &value) && value == -20.0, "and comes back");
    tape.at = 0, tape.end -= 1;
    check(!state->load(plugin, &from), "a cut state is refused");

    plugin->stop_processing(plugin);
    plugin->deactivate(plugin);
    plugin->destroy(plugin);
    entry->deinit();
    return 0;
}

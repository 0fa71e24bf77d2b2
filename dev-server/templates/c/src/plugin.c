/* Plugin Name: a stereo gain with one smoothed parameter and a state.
 *
 * The DSP is `law` and `process`; below them is what CLAP asks of every plugin. Main-thread and
 * audio-thread functions may run at the same time: between them stands one atomic.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clap.h"

#define GAIN_ID 1
#define GAIN_MIN (-60.0)
#define GAIN_MAX 12.0
#define GAIN_DEFAULT 0.0
#define RAMP_SECONDS 0.015

typedef struct {
    clap_plugin_t plugin;
    _Atomic double gain_db; /* what the host set last */
    double sample_rate;
    /* Of the audio thread: the gain now, on its way to the one aimed at. */
    double aimed_db;
    float gain, aim, step;
    uint32_t ramp_left;
} self_t;

static self_t *self_of(const clap_plugin_t *plugin) { return plugin->plugin_data; }

static float db_to_gain(double db) { return (float)pow(10.0, db / 20.0); }

/* ---- The sound. Runs on the audio thread: no allocation, no lock, no file, no print. ---- */

/* What becomes of one sample. Change it, save, hear it. */
static float law(float sample, float gain) { return sample * gain; }

static float next_gain(self_t *self) {
    if (self->ramp_left > 0) {
        self->ramp_left -= 1;
        self->gain = self->ramp_left == 0 ? self->aim : self->gain + self->step;
    }
    return self->gain;
}

static void aim(self_t *self, double db, uint32_t frames) {
    self->aimed_db = db;
    self->aim = db_to_gain(db);
    self->step = (self->aim - self->gain) / (float)frames;
    self->ramp_left = frames;
}

static void render(self_t *self, const clap_process_t *process, uint32_t from, uint32_t to) {
    double db = atomic_load(&self->gain_db);
    if (db != self->aimed_db) aim(self, db, (uint32_t)fmax(1.0, self->sample_rate * RAMP_SECONDS));
    float **in = process->audio_inputs[0].data32, **out = process->audio_outputs[0].data32;
    for (uint32_t frame = from; frame < to; frame++) {
        float gain = next_gain(self);
        out[0][frame] = law(in[0][frame], gain);
        out[1][frame] = law(in[1][frame], gain);
    }
}

static void take_event(self_t *self, const clap_event_header_t *header) {
    if (header->space_id != CLAP_CORE_EVENT_SPACE_ID || header->type != CLAP_EVENT_PARAM_VALUE) return;
    const clap_event_param_value_t *event = (const clap_event_param_value_t *)header;
    if (event->param_id == GAIN_ID && isfinite(event->value))
        atomic_store(&self->gain_db, fmin(fmax(event->value, GAIN_MIN), GAIN_MAX));
}

/* The block in parts, so that each event takes effect at its frame. */
static clap_process_status CLAP_ABI process(const clap_plugin_t *plugin, const clap_process_t *process) {
    self_t *self = self_of(plugin);
    const clap_input_events_t *events = process->in_events;
    uint32_t n_events = events->size(events), at = 0;
    for (uint32_t i = 0; i < n_events; i++) {
        const clap_event_header_t *event = events->get(events, i);
        if (event->time > at && event->time <= process->frames_count) {
            render(self, process, at, event->time);
            at = event->time;
        }
        take_event(self, event);
    }
    render(self, process, at, process->frames_count);
    return CLAP_PROCESS_CONTINUE;
}

static void CLAP_ABI reset(const clap_plugin_t *plugin) {
    self_t *self = self_of(plugin);
    aim(self, atomic_load(&self->gain_db), 1);
    self->gain = self->aim;
    self->ramp_left = 0;
}

/* ---- Life. Main thread, but for start, stop and reset. ---- */

static bool CLAP_ABI init(const clap_plugin_t *plugin) { return plugin != NULL; }
static void CLAP_ABI destroy(const clap_plugin_t *plugin) { free(self_of(plugin)); }

static bool CLAP_ABI activate(const clap_plugin_t *plugin, double sample_rate, uint32_t min_frames, uint32_t max_frames) {
    (void)min_frames, (void)max_frames;
    self_of(plugin)->sample_rate = sample_rate;
    reset(plugin); /* starts at the set gain, without a ramp */
    return true;
}

static void CLAP_ABI deactivate(const clap_plugin_t *plugin) { (void)plugin; }
static bool CLAP_ABI start_processing(const clap_plugin_t *plugin) { return plugin != NULL; }
static void CLAP_ABI stop_processing(const clap_plugin_t *plugin) { (void)plugin; }
static void CLAP_ABI on_main_thread(const clap_plugin_t *plugin) { (void)plugin; }

/* ---- Ports: one stereo input, one stereo output. ---- */

static uint32_t CLAP_ABI ports_count(const clap_plugin_t *plugin, bool is_input) {
    (void)plugin, (void)is_input;
    return 1;
}

static bool CLAP_ABI ports_get(const clap_plugin_t *plugin, uint32_t index, bool is_input, clap_audio_port_info_t *info) {
    (void)plugin;
    if (index != 0) return false;
    memset(info, 0, sizeof *info);
    snprintf(info->name, sizeof info->name, "%s", is_input ? "Input" : "Output");
    info->flags = CLAP_AUDIO_PORT_IS_MAIN;
    info->channel_count = 2;
    info->port_type = CLAP_PORT_STEREO;
    info->in_place_pair = 0; /* both have the id 0: they may share their buffers */
    return true;
}

static const clap_plugin_audio_ports_t audio_ports = { ports_count, ports_get };

/* ---- Parameters. Without them Retake could not carry the gain over a reload. ---- */

static uint32_t CLAP_ABI params_count(const clap_plugin_t *plugin) {
    (void)plugin;
    return 1;
}

static bool CLAP_ABI params_get_info(const clap_plugin_t *plugin, uint32_t index, clap_param_info_t *info) {
    (void)plugin;
    if (index != 0) return false;
    memset(info, 0, sizeof *info);
    info->id = GAIN_ID;
    info->flags = CLAP_PARAM_IS_AUTOMATABLE;
    snprintf(info->name, sizeof info->name, "Gain");
    info->min_value = GAIN_MIN;
    info->max_value = GAIN_MAX;
    info->default_value = GAIN_DEFAULT;
    return true;
}

static bool CLAP_ABI params_get_value(const clap_plugin_t *plugin, clap_id id, double *value) {
    if (id != GAIN_ID) return false;
    *value = atomic_load(&self_of(plugin)->gain_db);
    return true;
}

static bool CLAP_ABI params_value_to_text(const clap_plugin_t *plugin, clap_id id, double value, char *text, uint32_t capacity) {
    (void)plugin;
    if (id != GAIN_ID) return false;
    int length = snprintf(text, capacity, "%.2f dB", value);
    return length > 0 && (uint32_t)length < capacity;
}

static bool CLAP_ABI params_text_to_value(const clap_plugin_t *plugin, clap_id id, const char *text, double *value) {
    (void)plugin;
    char *end = NULL;
    double parsed = strtod(text, &end);
    if (id != GAIN_ID || end == text || !isfinite(parsed)) return false;
    *value = fmin(fmax(parsed, GAIN_MIN), GAIN_MAX);
    return true;
}

static void CLAP_ABI params_flush(const clap_plugin_t *plugin, const clap_input_events_t *in, const clap_output_events_t *out) {
    (void)out;
    for (uint32_t i = 0, n = in->size(in); i < n; i++) take_event(self_of(plugin), in->get(in, i));
}

static const clap_plugin_params_t params = {
    params_count, params_get_info, params_get_value, params_value_to_text, params_text_to_value, params_flush,
};

/* ---- State: a version, then the gain. Retake carries it over a reload, a DAW into its project. ---- */

typedef struct {
    uint64_t version;
    double gain_db;
} saved_t;

static bool CLAP_ABI state_save(const clap_plugin_t *plugin, const clap_ostream_t *stream) {
    saved_t saved = { 1, atomic_load(&self_of(plugin)->gain_db) };
    const char *bytes = (const char *)&saved;
    for (size_t done = 0; done < sizeof saved;) {
        int64_t n = stream->write(stream, bytes + done, sizeof saved - done);
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return true;
}

static bool CLAP_ABI state_load(const clap_plugin_t *plugin, const clap_istream_t *stream) {
    saved_t saved;
    for (size_t done = 0; done < sizeof saved;) {
        int64_t n = stream->read(stream, (char *)&saved + done, sizeof saved - done);
        if (n <= 0) return false;
        done += (size_t)n;
    }
    if (saved.version != 1 || !(saved.gain_db >= GAIN_MIN && saved.gain_db <= GAIN_MAX)) return false;
    atomic_store(&self_of(plugin)->gain_db, saved.gain_db);
    return true;
}

static const clap_plugin_state_t state = { state_save, state_load };

static const void *CLAP_ABI get_extension(const clap_plugin_t *plugin, const char *id) {
    (void)plugin;
    if (strcmp(id, CLAP_EXT_AUDIO_PORTS) == 0) return &audio_ports;
    if (strcmp(id, CLAP_EXT_PARAMS) == 0) return &params;
    if (strcmp(id, CLAP_EXT_STATE) == 0) return &state;
    return NULL;
}

/* ---- What the library offers. ---- */

static const char *const features[] = { "audio-effect", "stereo", NULL };

static const clap_plugin_descriptor_t descriptor = {
    .clap_version = CLAP_VERSION_INIT,
    .id = "org.example.plugin-name", /* yours for ever: hosts know your plugin by it */
    .name = "Plugin Name",
    .vendor = "",
    .url = "",
    .manual_url = "",
    .support_url = "",
    .version = "0.1.0",
    .description = "A gain",
    .features = features,
};

static const clap_plugin_t vtable = {
    &descriptor, NULL, init, destroy, activate, deactivate, start_processing,
    stop_processing, reset, process, get_extension, on_main_thread,
};

static uint32_t CLAP_ABI factory_count(const clap_plugin_factory_t *factory) {
    (void)factory;
    return 1;
}

static const clap_plugin_descriptor_t *CLAP_ABI factory_descriptor(const clap_plugin_factory_t *factory, uint32_t index) {
    (void)factory;
    return index == 0 ? &descriptor : NULL;
}

static const clap_plugin_t *CLAP_ABI factory_create(const clap_plugin_factory_t *factory, const clap_host_t *host, const char *id) {
    (void)factory, (void)host;
    if (strcmp(id, descriptor.id) != 0) return NULL;
    self_t *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->plugin = vtable;
    self->plugin.plugin_data = self;
    atomic_init(&self->gain_db, GAIN_DEFAULT);
    return &self->plugin;
}

static const clap_plugin_factory_t factory = { factory_count, factory_descriptor, factory_create };

static bool CLAP_ABI entry_init(const char *path) { return path != NULL; }
static void CLAP_ABI entry_deinit(void) {}

static const void *CLAP_ABI entry_get_factory(const char *id) {
    return strcmp(id, CLAP_PLUGIN_FACTORY_ID) == 0 ? &factory : NULL;
}

CLAP_EXPORT const clap_plugin_entry_t clap_entry = {
    CLAP_VERSION_INIT, entry_init, entry_deinit, entry_get_factory,
};

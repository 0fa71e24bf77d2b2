/* An instrument under test, written against CLAP's C ABI (version 1.2).
   Sounds a constant: the sum of key / 128 of the notes that are held, times `level` and GAIN, plus the
   stop's number / 1000. The stop is state beyond the parameters: setting `draw` to a number pulls
   that stop, and `draw` itself is 0 again. A stop above 8 plays a note of its own: key 100. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint32_t major, minor, revision; } version_t;
typedef struct { version_t clap; const char *id, *name, *vendor, *url, *manual, *support, *version,
    *description; const char *const *features; } descriptor_t;
typedef struct { uint32_t size, time; uint16_t space, type; uint32_t flags; } header_t;
typedef struct { header_t header; int32_t note_id; int16_t port, channel, key; double velocity; } note_t;
typedef struct { header_t header; uint32_t id; void *cookie; int32_t note_id; int16_t port, channel,
    key; double value; } value_t;
typedef struct in_events { void *ctx; uint32_t (*size)(const struct in_events *);
    const header_t *(*get)(const struct in_events *, uint32_t); } in_events_t;
typedef struct out_events { void *ctx;
    bool (*try_push)(const struct out_events *, const header_t *); } out_events_t;
typedef struct { float **data32; double **data64; uint32_t channels, latency; uint64_t constant; } buffer_t;
typedef struct { int64_t steady; uint32_t frames; const void *transport; const buffer_t *inputs;
    buffer_t *outputs; uint32_t n_inputs, n_outputs; const in_events_t *in; const out_events_t *out; } process_t;
typedef struct plugin { const descriptor_t *descriptor; void *data;
    bool (*init)(const struct plugin *); void (*destroy)(const struct plugin *);
    bool (*activate)(const struct plugin *, double, uint32_t, uint32_t);
    void (*deactivate)(const struct plugin *); bool (*start)(const struct plugin *);
    void (*stop)(const struct plugin *); void (*reset)(const struct plugin *);
    int32_t (*process)(const struct plugin *, const process_t *);
    const void *(*extension)(const struct plugin *, const char *);
    void (*on_main)(const struct plugin *); } plugin_t;
typedef struct { uint32_t id, flags; void *cookie; char name[256], module[1024];
    double min, max, initial; } param_info_t;
typedef struct { uint32_t id; char name[256]; uint32_t flags, channels; const char *type;
    uint32_t in_place; } audio_port_t;
typedef struct { uint32_t id, dialects, preferred; char name[256]; } note_port_t;
typedef struct ostream { void *ctx; int64_t (*write)(const struct ostream *, const void *, uint64_t); } ostream_t;
typedef struct istream { void *ctx; int64_t (*read)(const struct istream *, void *, uint64_t); } istream_t;

enum { NOTE_ON = 0, NOTE_OFF = 1, NOTE_CHOKE = 2, PARAM_VALUE = 5, LEVEL = 1, DRAW = 2 };

typedef struct { plugin_t plugin; double held[128]; double level, stop; bool plays; } organ_t;

static organ_t *of(const plugin_t *p) { return p->data; }
static bool yes(const plugin_t *p) { (void)p; return true; }
static void nothing(const plugin_t *p) { (void)p; }
static void destroy(const plugin_t *p) { free(p->data); }
static bool activate(const plugin_t *p, double rate, uint32_t min, uint32_t max) {
    (void)p; (void)rate; (void)min; (void)max; return true;
}
static void reset(const plugin_t *p) { memset(of(p)->held, 0, sizeof of(p)->held); }

static void obey(organ_t *o, const header_t *event) {
    if (event->space != 0) return;
    const note_t *note = (const note_t *)event;
    const value_t *value = (const value_t *)event;
    switch (event->type) {
    case NOTE_ON: if (note->key >= 0 && note->key < 128) o->held[note->key] = 1; break;
    case NOTE_OFF: case NOTE_CHOKE:
        for (int key = 0; key < 128; key++)
            if (note->key < 0 || note->key == key) o->held[key] = 0;
        break;
    case PARAM_VALUE:
        if (value->id == LEVEL) o->level = value->value;
        if (value->id == DRAW && value->value > 0) o->stop = value->value;
        break;
    }
}

static double sound(const organ_t *o) {
    double sum = 0;
    for (int key = 0; key < 128; key++) sum += o->held[key] * key / 128;
    return GAIN * sum * o->level + o->stop / 1000;
}

static void play(organ_t *o, const out_events_t *out) {
    bool plays = o->stop > 8;
    if (plays == o->plays) return;
    o->plays = plays;
    note_t note = {{sizeof note, 0, 0, plays ? NOTE_ON : NOTE_OFF, 0}, -1, 0, 2, 100, 0.5};
    out->try_push(out, &note.header);
}

static int32_t process(const plugin_t *p, const process_t *block) {
    organ_t *o = of(p);
    uint32_t n = block->in->size(block->in), next = 0;
    for (uint32_t frame = 0; frame < block->frames; frame++) {
        for (; next < n; next++) {
            const header_t *event = block->in->get(block->in, next);
            if (event->time > frame) break;
            obey(o, event);
        }
        for (uint32_t c = 0; c < block->outputs[0].channels; c++)
            block->outputs[0].data32[c][frame] = (float)sound(o);
    }
    play(o, block->out);
    return 1;
}

static uint32_t n_params(const plugin_t *p) { (void)p; return 2; }
static bool param_info(const plugin_t *p, uint32_t index, param_info_t *info) {
    (void)p;
    memset(info, 0, sizeof *info);
    info->id = index + 1;
    info->flags = 1 << 5;
    strcpy(info->name, index == 0 ? "Level" : "Draw");
    info->max = index == 0 ? 1 : 100;
    info->initial = index == 0 ? 1 : 0;
    return index < 2;
}
static bool get_value(const plugin_t *p, uint32_t id, double *value) {
    *value = id == LEVEL ? of(p)->level : 0;
    return id == LEVEL || id == DRAW;
}
static bool to_text(const plugin_t *p, uint32_t id, double value, char *text, uint32_t room) {
    (void)p; (void)id; (void)value; (void)text; (void)room; return false;
}
static bool from_text(const plugin_t *p, uint32_t id, const char *text, double *value) {
    (void)p; (void)id; (void)text; (void)value; return false;
}
static void flush(const plugin_t *p, const in_events_t *in, const out_events_t *out) {
    (void)out;
    for (uint32_t i = 0; i < in->size(in); i++) obey(of(p), in->get(in, i));
}
static const struct { uint32_t (*count)(const plugin_t *);
    bool (*info)(const plugin_t *, uint32_t, param_info_t *);
    bool (*value)(const plugin_t *, uint32_t, double *);
    bool (*to_text)(const plugin_t *, uint32_t, double, char *, uint32_t);
    bool (*from_text)(const plugin_t *, uint32_t, const char *, double *);
    void (*flush)(const plugin_t *, const in_events_t *, const out_events_t *);
} params = {n_params, param_info, get_value, to_text, from_text, flush};

static uint32_t n_audio(const plugin_t *p, bool is_input) { (void)p; return is_input ? 0 : 1; }
static bool audio_port(const plugin_t *p, uint32_t index, bool is_input, audio_port_t *port) {
    (void)p;
    memset(port, 0, sizeof *port);
    strcpy(port->name, "out");
    port->flags = 1;
    port->channels = 2;
    port->type = "stereo";
    port->in_place = UINT32_MAX;
    return index == 0 && !is_input;
}
static const struct { uint32_t (*count)(const plugin_t *, bool);
    bool (*get)(const plugin_t *, uint32_t, bool, audio_port_t *); } audio = {n_audio, audio_port};

static uint32_t n_notes(const plugin_t *p, bool is_input) { (void)p; (void)is_input; return 1; }
static bool note_port(const plugin_t *p, uint32_t index, bool is_input, note_port_t *port) {
    (void)p; (void)is_input;
    memset(port, 0, sizeof *port);
    port->id = 0;
    port->dialects = port->preferred = 1;
    strcpy(port->name, "keys");
    return index == 0;
}
static const struct { uint32_t (*count)(const plugin_t *, bool);
    bool (*get)(const plugin_t *, uint32_t, bool, note_port_t *); } notes = {n_notes, note_port};

static bool save(const plugin_t *p, const ostream_t *to) {
    double all[2] = {of(p)->level, of(p)->stop};
    return to->write(to, all, sizeof all) == sizeof all;
}
static bool load(const plugin_t *p, const istream_t *from) {
    double all[2], more;
    if (from->read(from, all, sizeof all) != sizeof all || from->read(from, &more, 1) != 0) return false;
    of(p)->level = all[0];
    of(p)->stop = all[1];
    return true;
}
static const struct { bool (*save)(const plugin_t *, const ostream_t *);
    bool (*load)(const plugin_t *, const istream_t *); } state = {save, load};

static const void *extension(const plugin_t *p, const char *id) {
    (void)p;
    if (!strcmp(id, "clap.params")) return &params;
    if (!strcmp(id, "clap.audio-ports")) return &audio;
    if (!strcmp(id, "clap.note-ports")) return &notes;
    if (!strcmp(id, "clap.state")) return &state;
    return NULL;
}

static const char *const features[] = {"instrument", NULL};
static const descriptor_t descriptor = {{1, 2, 0}, "org.retake.organ", "Organ", "Retake", "", "", "",
    "1.0", "", features};
static uint32_t count(const void *factory) { (void)factory; return 1; }
static const descriptor_t *describe(const void *factory, uint32_t index) {
    (void)factory; return index == 0 ? &descriptor : NULL;
}
static const plugin_t *create(const void *factory, const void *host, const char *id) {
    (void)factory; (void)host; (void)id;
    organ_t *o = calloc(1, sizeof *o);
    o->level = 1;
    o->plugin = (plugin_t){&descriptor, o, yes, destroy, activate, nothing, yes, nothing, reset,
        process, extension, nothing};
    return &o->plugin;
}
static const struct { uint32_t (*count)(const void *);
    const descriptor_t *(*describe)(const void *, uint32_t);
    const plugin_t *(*create)(const void *, const void *, const char *);
} factory = {count, describe, create};
static bool entry_init(const char *path) { (void)path; return true; }
static void entry_deinit(void) {}
static const void *entry_factory(const char *id) {
    return strcmp(id, "clap.plugin-factory") ? NULL : &factory;
}
__attribute__((visibility("default"))) const struct { version_t clap; bool (*init)(const char *);
    void (*deinit)(void); const void *(*factory)(const char *);
} clap_entry = {{1, 2, 0}, entry_init, entry_deinit, entry_factory};

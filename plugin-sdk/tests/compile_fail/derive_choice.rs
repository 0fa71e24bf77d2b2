use retake_sdk::Choice;

#[derive(Choice)]
enum Twice {
    #[choice(name = "Low pass")]
    LowPass,
    #[choice(name = "low pass")]
    Lowpass,
}

#[derive(Choice)]
enum Fields {
    Gain(f32),
}

#[derive(Choice)]
enum Nothing {}

#[derive(Choice)]
struct Struct;

#[derive(Choice)]
enum Unnamed {
    #[choice(name = "")]
    Clean,
}

#[derive(Choice)]
enum Unknown {
    #[choice(title = "Loud")]
    Loud,
}

fn main() {}

use retake_sdk::{Choice, ChoiceParam, Params};

#[derive(Choice)]
enum Mode {
    Clean,
    Loud,
}

#[derive(Params)]
struct Wrong {
    #[param(default = Quiet)]
    mode: ChoiceParam<Mode>,
}

enum Other {
    Plain,
}

#[derive(Params)]
struct NoChoice {
    #[param(default = Plain)]
    other: ChoiceParam<Other>,
}

fn main() {}

use retake_sdk::Params;

#[derive(Params)]
enum Wrong {
    Mix,
}

fn main() {}

use retake_sdk::Params;

#[derive(Params)]
struct Wrong {
    #[group(name = "Envelope")]
    envelope: f32,
}

fn main() {}

//! Loads a CLAP library, activates it and gives the engine a Processor.

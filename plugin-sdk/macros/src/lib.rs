//! The derives of retake-sdk.

//! The threads at the outer ends of the rings: devices, virtual devices, recorders.

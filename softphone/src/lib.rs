//! Browser voice: one leg over WebRTC.

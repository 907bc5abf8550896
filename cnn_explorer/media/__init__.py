"""Pictures in and out: decoding with limits, orientation, colour spaces. No torch, no Qt."""

//! How long requests wait for a cache that is slow or hangs.

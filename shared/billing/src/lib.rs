//! What Parley and Stripe agree on.

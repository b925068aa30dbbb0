//! What apps sell, once somebody buys it: orders, coupons and payments. Pure: no I/O, no SQL, no HTTP, and `now` is
//! an argument. Leaves what is sold to the catalog, and what is in force on a device to [`crate::service`].

pub mod term;

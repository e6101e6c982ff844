//! The HTTP server: router, extractors, error table, routes and pages.

//! The rows of `docs/security.md`, each under its number.

mod s06_password_guessing;
mod s07_enumeration;
mod s08_first_admin;
mod s17_claim_hijack;
mod s18_revoked_identity;
mod s19_other_principals;
mod s33_reserved_hosts;
mod s34_hostile_patterns;
mod s35_definitions;
mod s37_proxy_password;
mod s38_one_host;
mod s39_paths;
mod s40_verified_tls_only;
mod s41_reflection;
mod s42_smuggling;
mod s43_own_header;
mod s44_ca;
mod s46_revoked;
mod s46_stale_credential;
mod s47_placeholders;
mod s48_swapped_records;
mod s49_downgrade;
mod s50_wrong_key;
mod s52_modes_and_links;
mod s54_secrets_stay_inside;
mod s56_lost_audit;

//! What the ledger gives to others: its export against the published schemas, its report as a page in a
//! real browser, and both commands as people run them.

mod cli;
mod export;
mod page;

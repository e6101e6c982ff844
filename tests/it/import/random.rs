//! Old databases with bytes changed at random: reading ends, in order, and what it gives was put in.

use super::house::made;
use authsome::legacy;
use authsome::model::Credential;
use std::fs;
use std::path::Path;

/// Numbers that are the same in every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn damage(whole: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut torn = whole.to_vec();
    if numbers.below(4) == 0 {
        torn.truncate(numbers.below(whole.len()));
    }
    for _ in 0..=numbers.below(24) {
        if !torn.is_empty() {
            let at = numbers.below(torn.len());
            torn[at] = u8::try_from(numbers.below(256)).unwrap();
        }
    }
    torn
}

/// Reads the home with one database damaged, many times over; how often anything came of it.
fn read_damaged(old: &Path, file: &str, seed: u64) -> usize {
    let path = old.join(file);
    let whole = fs::read(&path).unwrap();
    let mut numbers = Numbers(seed);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut read = 0;
    for _ in 0..80 {
        fs::write(&path, damage(&whole, &mut numbers)).unwrap();
        let home = match runtime.block_on(legacy::read(old, Vec::new())) {
            Ok(home) => home,
            Err(legacy::Error::Aborted) => panic!("the reader panicked"),
            Err(_) => continue,
        };
        read += 1;
        for connection in &home.connections {
            let Credential::ApiKey { key } = &connection.credential else {
                panic!("an API key was put in");
            };
            let put_in = format!("sk-invented-{}", connection.name);
            assert!(key.matches(&put_in), "{}", connection.name);
        }
    }
    fs::write(path, whole).unwrap();
    read
}

#[test]
fn damage_anywhere_ends_in_an_answer_and_no_credential_is_made_up() {
    let old = made(async |old| {
        old.account(1).await;
        for number in 0..12 {
            let name = format!("c{number}");
            old.connection(1, "openai", &name, &format!("sk-invented-{name}"))
                .await;
        }
    });
    for (file, seed) in [("server/authsome.db", 7), ("server/kv_store/cache.db", 11)] {
        let read = read_damaged(old.path(), file, seed);
        assert!(read > 0, "some damage of {file} leaves something to read");
    }
}

//! The fuzz targets' own functions (`fuzz/src/entries.rs`), over seeds and random bytes.

#[expect(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../../fuzz/src/entries.rs"]
mod entries;

use authsome::crypto::SigningKeyPair;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// One field of every vector in a directory.
fn seeds(directory: &str, field: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(directory);
    let seeds: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let vector: serde_json::Value = serde_json::from_str(&text).unwrap();
            vector[field].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(seeds.len() > 20);
    seeds
}

/// The seeds, each cut, grown and bent at places that `choices` gives.
fn bend(seed: &str, choices: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for (at, byte) in choices {
        let at = at % (bytes.len() + 1);
        match byte % 3 {
            0 if at < bytes.len() => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[test]
fn every_seed_passes_every_target() {
    for seed in SEEDS.iter().flatten() {
        entries::proof(seed.as_bytes());
        entries::did(seed.as_bytes());
        entries::envelope(seed.as_bytes());
        entries::provider_json(seed.as_bytes());
    }
}

/// The text of every bundled definition.
static DEFINITIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers");
    let texts: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(texts.len() > 20);
    texts
});

#[test]
fn every_definition_passes_its_target() {
    for text in DEFINITIONS.iter() {
        entries::provider_json(text.as_bytes());
    }
}

/// An entry, a host, a path and a port, a line each.
const PLACES: [&str; 4] = [
    "https://api.x.com/v1\napi.x.com\n/v1/chat\n443",
    "https://api.x.com/v1\napi.x.com\n/v1/../admin\n443",
    "regex:.*\\.x\\.com\napi.x.com\n/\n443",
    "https://localhost:8443\nlocalhost\n/a\n8443",
];

#[test]
fn every_place_passes_its_target() {
    for place in PLACES {
        entries::matcher(place.as_bytes());
    }
}

const TARGETS: [&str; 6] = [
    "/",
    "/ui/connections?sort=name",
    "/%5c%2fe.example",
    "//e.example/",
    "/ui/%2e%2e/%2e%2e//e",
    "https:e.example",
];

#[test]
fn every_way_out_passes_its_target() {
    for target in TARGETS {
        entries::next(target.as_bytes());
    }
}

/// Answers of token endpoints: a status, a content type and a body.
static ANSWERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lines = include_str!("../vectors/token_answers.txt").lines();
    lines.map(|line| line.replace("\\n", "\n")).collect()
});

#[test]
fn every_answer_of_a_token_endpoint_passes_its_target() {
    for answer in ANSWERS.iter() {
        entries::token_answer(answer.as_bytes());
    }
}

static SEEDS: LazyLock<[Vec<String>; 3]> = LazyLock::new(|| {
    [
        seeds("proofs", "token"),
        seeds("proofs", "did"),
        seeds("sealed", "sealed"),
    ]
});

proptest! {
    #[test]
    fn bent_seeds_pass_every_target(
        which in any::<prop::sample::Index>(),
        choices in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let [tokens, dids, records] = &*SEEDS;
        entries::proof(&bend(which.get::<String>(tokens), &choices));
        entries::did(&bend(which.get::<String>(dids), &choices));
        entries::envelope(&bend(which.get::<String>(records), &choices));
    }

    #[test]
    fn bent_definitions_pass_their_target(
        which in any::<prop::sample::Index>(),
        choices in proptest::collection::vec((any::<usize>(), 0x20_u8..0x7f), 0..6),
    ) {
        entries::provider_json(&bend(which.get::<String>(&DEFINITIONS), &choices));
    }

    #[test]
    fn bent_places_pass_their_target(
        which in 0..PLACES.len(),
        choices in proptest::collection::vec((any::<usize>(), 0x20_u8..0x7f), 0..6),
    ) {
        entries::matcher(&bend(PLACES[which], &choices));
    }

    #[test]
    fn bent_ways_out_pass_their_target(
        which in 0..TARGETS.len(),
        choices in proptest::collection::vec((any::<usize>(), 0x09_u8..0x7f), 0..6),
    ) {
        entries::next(&bend(TARGETS[which], &choices));
    }

    #[test]
    fn bent_answers_of_a_token_endpoint_pass_their_target(
        which in 0..ANSWERS.len(),
        choices in proptest::collection::vec((any::<usize>(), 0x09_u8..0x7f), 0..6),
    ) {
        entries::token_answer(&bend(&ANSWERS[which], &choices));
    }

    #[test]
    fn random_bytes_pass_every_target(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        entries::proof(&data);
        entries::did(&data);
        entries::envelope(&data);
        entries::provider_json(&data);
        entries::matcher(&data);
        entries::next(&data);
        entries::token_answer(&data);
    }

    #[test]
    fn base58_of_any_34_bytes_is_no_second_name_of_a_key(raw in any::<[u8; 32]>()) {
        let did = SigningKeyPair::from_hex(&authsome::crypto::hex::encode(&raw)).unwrap().did();
        entries::did(did.as_str().as_bytes());
        let payload = [&[0xed, 0x01][..], &raw].concat();
        entries::did(format!("did:key:z{}", bs58::encode(payload).into_string()).as_bytes());
    }
}

//! What others publish: Wycheproof, RFC 8037 appendix A.4 and A.5, RFC 9106 section 5.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use authsome::crypto::{SigningKeyPair, VerifyingKey, aead, hex, keypair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wycheproof::TestResult;

#[test]
fn aes_256_gcm_agrees_with_wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut tried = 0;
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            tried += 1;
            let key: [u8; 32] = test.key.as_slice().try_into().unwrap();
            let nonce: [u8; 12] = test.nonce.as_slice().try_into().unwrap();
            let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let opened = aead::open(&key, &nonce, &test.aad, &sealed);
            if test.result == TestResult::Valid {
                assert_eq!(*opened.unwrap(), **test.pt, "case {}", test.tc_id);
                let mut again = Vec::new();
                aead::seal(&key, &nonce, &test.aad, &test.pt, &mut again).unwrap();
                assert_eq!(again, sealed, "case {}", test.tc_id);
            } else {
                assert!(opened.is_err(), "case {}: {}", test.tc_id, test.comment);
            }
        }
    }
    assert!(tried > 60, "{tried} cases");
}

#[test]
fn ed25519_agrees_with_wycheproof() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut tried = 0;
    for group in set.test_groups {
        let raw: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        let key = VerifyingKey::from_bytes(&raw).unwrap();
        for test in group.tests {
            tried += 1;
            let signature: Result<&[u8; 64], _> = test.sig.as_slice().try_into();
            let verified =
                signature.is_ok_and(|signature| keypair::verify(&key, &test.msg, signature));
            let expected = test.result == TestResult::Valid;
            assert_eq!(verified, expected, "case {}: {}", test.tc_id, test.comment);
        }
    }
    assert!(tried > 100, "{tried} cases");
}

#[test]
fn hkdf_sha256_agrees_with_wycheproof() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut tried = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        tried += 1;
        let mut out = vec![0; test.size];
        let expanded =
            Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut out);
        let agrees = expanded.is_ok() && out == **test.okm;
        assert_eq!(
            agrees,
            test.result == TestResult::Valid,
            "case {}",
            test.tc_id
        );
    }
    assert!(tried > 70, "{tried} cases");
}

#[test]
fn hmac_sha256_agrees_with_wycheproof() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut tried = 0;
    for group in set.test_groups {
        for test in group.tests {
            tried += 1;
            let mut mac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            mac.update(&test.msg);
            let verified = mac.verify_truncated_left(&test.tag).is_ok();
            let full_length = test.tag.len() * 8 == group.tag_size;
            let expected = test.result == TestResult::Valid;
            assert_eq!(verified && full_length, expected, "case {}", test.tc_id);
        }
    }
    assert!(tried > 100, "{tried} cases");
}

/// The key pair of RFC 8037 appendix A.1.
const RFC_8037_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const RFC_8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const RFC_8037_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn the_signature_of_rfc_8037_is_made_and_verified() {
    let private = URL_SAFE_NO_PAD.decode(RFC_8037_D).unwrap();
    let key = SigningKeyPair::from_hex(&hex::encode(&private)).unwrap();
    let public = URL_SAFE_NO_PAD.decode(RFC_8037_X).unwrap();
    assert_eq!(key.verifying_key().as_bytes().as_slice(), public);

    let (signed, signature) = RFC_8037_JWS.rsplit_once('.').unwrap();
    let made = key.sign(signed.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(made), signature, "A.4");
    assert!(
        keypair::verify(&key.verifying_key(), signed.as_bytes(), &made),
        "A.5"
    );
    // As a proof it is nothing: its header lacks `typ`, its payload is no claims.
    assert!(authsome::crypto::proof::parse(RFC_8037_JWS).is_err());
}

#[test]
fn argon2id_agrees_with_rfc_9106() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .output_len(32)
        .build()
        .unwrap();
    let argon2 =
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2
        .hash_password_into(&[1; 32], &[2; 16], &mut tag)
        .unwrap();
    assert_eq!(
        hex::encode(&tag),
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    );
}

/// A proof of ours is an ordinary JWT to a library, and a library's JWT of the right shape a proof to us.
#[test]
fn proofs_and_a_jwt_library_understand_each_other() {
    use authsome::crypto::proof::{self, Expected, ProofRequest};
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
    use sha2::Digest;

    let key = SigningKeyPair::from_hex(&"09".repeat(32)).unwrap();
    let handle = "scout".parse().unwrap();
    let now = time::OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let request = ProofRequest {
        handle: &handle,
        method: "GET",
        url: "http://127.0.0.1:7998/whoami",
        body: b"",
        now,
    };
    let token = proof::issue(&key, &request).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[proof::AUDIENCE]);
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<serde_json::Value>(
        &token,
        &DecodingKey::from_ed_der(key.verifying_key().as_bytes()),
        &validation,
    )
    .unwrap();
    assert_eq!(decoded.claims["sub"], "scout");

    // PKCS #8 of an Ed25519 key is a fixed prefix and the 32 bytes (RFC 8410 section 7).
    let pkcs8 = [
        hex::decode::<16>("302e020100300506032b657004220420")
            .unwrap()
            .as_slice(),
        hex::decode::<32>(&key.to_hex()).unwrap().as_slice(),
    ]
    .concat();
    let theirs = jsonwebtoken::encode(
        &Header::new(Algorithm::EdDSA),
        &decoded.claims,
        &EncodingKey::from_ed_der(&pkcs8),
    )
    .unwrap();
    let body_sha256 = sha2::Sha256::digest(b"").into();
    let expected = Expected {
        method: "GET",
        body_sha256: &body_sha256,
        now,
    };
    let proof = proof::parse(&theirs)
        .unwrap()
        .verify(&key.verifying_key(), &expected)
        .unwrap();
    assert_eq!(proof.did, key.did());
}

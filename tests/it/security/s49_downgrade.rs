//! Row 49: header or KDF downgrade. Defence: authenticated headers, floors and caps. Edited: refused.

use crate::support::vault_home::VaultHome;
use authsome::crypto::hex;
use authsome::model::MasterKeySource;
use authsome::secret::MasterKey;
use authsome::vault::Error;

/// A header as the store keeps it: mark, memory, passes, lanes, salt.
fn header(memory_kib: u32, passes: u32, lanes: u32, salt: &[u8]) -> Vec<u8> {
    let mut out = b"AKH\x01".to_vec();
    for number in [memory_kib, passes, lanes] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(salt);
    out
}

async fn set_header(home: &VaultHome, header: &[u8]) {
    let statement = format!("UPDATE kek_slots SET header = x'{}'", hex::encode(header));
    assert_eq!(home.tamper(&statement).await, 1);
}

async fn stored_header(home: &VaultHome) -> Vec<u8> {
    home.look("SELECT header FROM kek_slots").await.remove(0)
}

#[tokio::test]
async fn key_derivation_outside_the_bounds_is_refused_without_being_tried() {
    let home = VaultHome::new();
    home.open().await.close().await;
    let good = stored_header(&home).await;
    assert_eq!(good, header(19_456, 2, 1, &good[16..]));
    for (memory_kib, passes, lanes) in [
        (8, 2, 1),
        (19_455, 2, 1),
        (19_456, 1, 1),
        (19_456, 2, 0),
        (0, 0, 0),
        // Four tebibytes; a century of passes.
        (u32::MAX, 2, 1),
        (19_456, u32::MAX, 1),
        (19_456, 2, u32::MAX),
    ] {
        set_header(&home, &header(memory_kib, passes, lanes, &good[16..])).await;
        let error = home.open_with(home.key_input()).await.unwrap_err();
        assert!(matches!(error, Error::Kdf(_)), "{memory_kib}: {error}");
    }
    set_header(&home, &good).await;
    home.open().await.close().await;
}

#[tokio::test]
async fn an_edited_header_within_the_bounds_is_refused_too() {
    let home = VaultHome::new();
    let input = MasterKeySource::Passphrase(MasterKey::new("the owl and the pussycat"));
    home.open_with(input.clone()).await.unwrap().close().await;
    let good = stored_header(&home).await;
    assert_eq!(
        good,
        header(65_536, 3, 4, &good[16..]),
        "a chosen text costs more"
    );
    let mut other_salt = good.clone();
    other_salt[20] ^= 1;
    let cheaper = header(19_456, 2, 1, &good[16..]);
    let mut newer = good.clone();
    newer[3] = 2;
    for edited in [&cheaper, &other_salt, &newer, &good[..47].to_vec(), &vec![]] {
        set_header(&home, edited).await;
        let error = home.open_with(input.clone()).await.unwrap_err();
        assert!(
            matches!(error, Error::WrongKey { .. } | Error::Metadata { .. }),
            "{error}"
        );
    }
    set_header(&home, &good).await;
    home.open_with(input).await.unwrap().close().await;
}

#[tokio::test]
async fn a_changed_canary_key_id_or_state_is_refused() {
    let home = VaultHome::new();
    home.open().await.close().await;
    let before = home.dump().await;
    for (change, back) in [
        ("UPDATE kek_slots SET canary = x''", "canary"),
        (
            "UPDATE kek_slots SET canary = (SELECT wrapped FROM data_keys)",
            "canary",
        ),
        (
            "UPDATE kek_slots SET canary = substr(canary, 1, 30) || x'00' || substr(canary, 32)",
            "canary",
        ),
        (
            "UPDATE data_keys SET wrapped = substr(wrapped, 1, 30) || x'00' || substr(wrapped, 32)",
            "wrapped",
        ),
        ("UPDATE data_keys SET version = 2", "version"),
        ("UPDATE data_keys SET state = 'retiring'", "state"),
        ("DELETE FROM data_keys", ""),
    ] {
        let saved = home.dump().await;
        let copy = std::fs::read(home.file()).unwrap();
        assert_eq!(home.tamper(change).await, 1, "{change}");
        let tampered = home.dump().await;
        let error = home.open_with(home.key_input()).await.unwrap_err();
        assert!(error.is_integrity(), "{back}: {error}");
        assert_eq!(
            home.dump().await,
            tampered,
            "nothing was repaired or replaced"
        );
        std::fs::write(home.file(), copy).unwrap();
        assert_eq!(home.dump().await, saved);
    }
    assert_eq!(home.dump().await, before);
    home.open().await.close().await;
}

#[tokio::test]
async fn every_byte_of_a_records_header_is_authenticated() {
    let home = VaultHome::new();
    let open = home.open().await;
    let vault = open.add_vault(1).await;
    let connection = open
        .add_connection(&vault, "github", "default", "sk-one")
        .await;
    let good = home.look("SELECT sealed FROM connections").await.remove(0);
    for at in 0..54 {
        let mut edited = good.clone();
        edited[at] ^= 1;
        home.tamper(&format!(
            "UPDATE connections SET sealed = x'{}'",
            hex::encode(&edited)
        ))
        .await;
        let error = open.read_back(&connection).await.unwrap_err();
        assert!(error.is_integrity(), "byte {at}: {error}");
    }
    home.tamper(&format!(
        "UPDATE connections SET sealed = x'{}'",
        hex::encode(&good)
    ))
    .await;
    assert_eq!(open.read_back(&connection).await.unwrap(), "sk-one");
    open.close().await;
}

/// A slot put beside the real one would be tried with the master key, at a cost of its own choosing.
#[tokio::test]
async fn a_second_key_beside_the_one_in_use_is_refused_with_both_named() {
    let home = VaultHome::new();
    home.open().await.close().await;
    let second = "INSERT INTO kek_slots (id, header, canary, state, created_at) \
                  SELECT 'zz-second', header, canary, 'retiring', created_at FROM kek_slots";
    assert_eq!(home.tamper(second).await, 1);
    let error = home.open_with(home.key_input()).await.unwrap_err();
    assert!(matches!(error, Error::SeveralKeys { .. }), "{error}");
    assert!(error.to_string().contains(" and zz-second"), "{error}");
    let gone = "DELETE FROM kek_slots WHERE id = 'zz-second'";
    assert_eq!(home.tamper(gone).await, 1);
    home.open().await.close().await;
}

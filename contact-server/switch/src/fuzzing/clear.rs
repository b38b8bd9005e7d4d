//! Cryptography that hides nothing and proves nothing, so that what lies behind it is reached by plain bytes:
//! a DTLS that is up at once, and SRTP whose ciphers copy. STUN keeps its real integrity.
use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use str0m::crypto::{
    AeadAes128Gcm, AeadAes128GcmCipher, CryptoError, CryptoProvider, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
    dtls::{
        DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, KeyingMaterial,
        ProtocolVersion, SrtpProfile,
    },
    from_feature_flags,
};

/// Bytes of the tag that GCM appends.
pub(super) const TAG_BYTES: usize = AeadAes128Gcm::TAG_LEN;
const DTLS_HEADER_BYTES: usize = 13;
const APPLICATION_DATA: u8 = 23;
/// A DTLS that is up waits for nothing.
const NEVER: Duration = Duration::from_secs(3_600);

static REAL: LazyLock<CryptoProvider> = LazyLock::new(from_feature_flags);
static CLEAR: Clear = Clear;

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { srtp_provider: &CLEAR, dtls_provider: &CLEAR, ..REAL.clone() })
}

#[derive(Debug)]
struct Clear;

impl SrtpProvider for Clear {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        REAL.srtp_provider.aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &CLEAR
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        REAL.srtp_provider.aead_aes_256_gcm()
    }

    fn srtp_aes_128_ecb_round(&self, _: &[u8], _: &[u8], output: &mut [u8]) {
        output.fill(0);
    }

    fn srtp_aes_256_ecb_round(&self, _: &[u8], _: &[u8], output: &mut [u8]) {
        output.fill(0);
    }
}

impl SupportedAeadAes128Gcm for Clear {
    fn create_cipher(&self, _: [u8; 16], _: bool) -> Box<dyn AeadAes128GcmCipher> {
        Box::new(Self)
    }
}

impl AeadAes128GcmCipher for Clear {
    fn encrypt(
        &mut self,
        _: &[u8; 12],
        _: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        output[..input.len()].copy_from_slice(input);
        Ok(())
    }

    fn decrypt(
        &mut self,
        _: &[u8; 12],
        _: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = input.len().saturating_sub(TAG_BYTES);
        output[..length].copy_from_slice(&input[..length]);
        Ok(length)
    }
}

impl DtlsProvider for Clear {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        REAL.dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        _: &DtlsCert,
        now: Instant,
        _: DtlsVersion,
        _: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        Ok(Box::new(Up { active: None, told: 0, closed: false, now, came: VecDeque::new() }))
    }
}

/// A DTLS that is up as soon as its side is known.
#[derive(Debug)]
struct Up {
    active: Option<bool>,
    told: u8,
    closed: bool,
    now: Instant,
    came: VecDeque<Vec<u8>>,
}

impl DtlsInstance for Up {
    fn set_active(&mut self, active: bool) {
        self.active = Some(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        if let Some((head, data)) = packet.split_first_chunk::<DTLS_HEADER_BYTES>()
            && head[0] == APPLICATION_DATA
        {
            self.came.push_back(data.to_vec());
        }
        Ok(())
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let wait = DtlsOutput::Timeout(self.now + NEVER);
        if self.active.is_none() {
            return wait;
        }
        self.told = self.told.saturating_add(1);
        match self.told {
            1 => DtlsOutput::Connected,
            2 => {
                let keys = [7; 2 * (AeadAes128Gcm::KEY_LEN + AeadAes128Gcm::SALT_LEN)];
                DtlsOutput::KeyingMaterial(KeyingMaterial::new(&keys), SrtpProfile::AEAD_AES_128_GCM)
            }
            _ => match self.came.pop_front() {
                Some(data) if data.len() <= buf.len() => {
                    buf[..data.len()].copy_from_slice(&data);
                    DtlsOutput::ApplicationData(&buf[..data.len()])
                }
                _ => wait,
            },
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.now = now;
        Ok(())
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        Ok(data.len())
    }

    fn is_active(&self) -> bool {
        self.active == Some(true)
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        None
    }

    fn is_closing(&self) -> bool {
        self.closed
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.closed = true;
        Ok(())
    }
}

//! A station as central sees one: signs, sends, listens for acks, and sends again what is not acknowledged.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use quaywatch_protocol::{
    ack::Ack,
    contract::{convert, look::Look, time::UnixMs},
    event::Event,
    ids::{EventId, StationId},
    keyfile,
    sign::{self, SigningKey, VerifyingKey},
    topic,
};
use rumqttc::{Client, Event as Mqtt, MqttOptions, Packet, QoS};

/// How long a station waits for an ack before it sends again.
const RESEND: Duration = Duration::from_millis(700);
/// How long a test waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Station {
    pub id: StationId,
    pub key: SigningKey,
    pub key_id: u16,
}

impl Station {
    pub fn new(id: &str, seed: u8) -> Self {
        Self {
            id: StationId::new(id).unwrap(),
            key: SigningKey::from_bytes(&[seed; 32]),
            key_id: 1,
        }
    }

    pub fn entry(&self) -> String {
        let public = keyfile::public_text(&self.key);
        format!(
            "[[station]]\nid = \"{}\"\n[[station.key]]\nid = 1\npublic = \"{public}\"\n",
            self.id
        )
    }

    pub fn sealed(&self, seq: u64, event: &Event) -> Vec<u8> {
        let id = EventId {
            station: self.id.clone(),
            epoch: 1,
            seq,
        };
        sign::seal_event(&id, event, self.key_id, &self.key).unwrap().to_vec()
    }
}

/// A look of the test's site.
pub fn look(scene: u64) -> Event {
    let acquired_at = UnixMs(1_700_000_000_000 + i64::try_from(scene).unwrap() * 3_600_000);
    let text = format!(
        r#"{{"station":"x","scene":"s{scene}","site":"vostochny","acquired_at":"{acquired_at}",
        "sensor":{{"name":"PlanetScope","kind":"optical","gsd_m":3.0}},"zones":[{{"zone":"oil-berth","visible":1.0}}],
        "vessels":[{{"zone":"oil-berth","lat":42.7461,"lon":133.0792,"length_m":96.0,"confidence":0.93,"class":"tanker","ais":"dark"}}]}}"#
    );
    let look: Look = serde_json::from_str(&text).unwrap();
    Event::Look(convert::to_wire(&look).unwrap())
}

/// A connection to the broker.
pub struct Connected {
    pub client: Client,
    acks: Receiver<(String, Vec<u8>)>,
    central: VerifyingKey,
    through: u64,
}

impl Connected {
    /// Connects and waits until its subscription to acks stands.
    pub fn to(port: u16, station: &Station, central_public: &str) -> Self {
        let options = MqttOptions::new(format!("station-{}-{port}", station.id), "127.0.0.1", port);
        Self::by(options, station, central_public)
    }

    /// The same over whatever `options` say.
    pub fn by(mut options: MqttOptions, station: &Station, central_public: &str) -> Self {
        options.set_max_packet_size(1 << 20, 1 << 20).set_inflight(200);
        let (client, mut connection) = Client::new(options, 4_000);
        let (ack_out, acks) = channel();
        let (stands_out, stands) = channel();
        let ack_topic = topic::ack(&station.id).to_string();
        let subscriber = client.clone();
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Mqtt::Incoming(Packet::ConnAck(_))) => {
                        subscriber.try_subscribe(&ack_topic, QoS::AtLeastOnce).unwrap()
                    }
                    Ok(Mqtt::Incoming(Packet::SubAck(_))) => drop(stands_out.send(())),
                    Ok(Mqtt::Incoming(Packet::Publish(publish))) => {
                        if ack_out.send((publish.topic, publish.payload.to_vec())).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    // The broker is gone, or the test is.
                    Err(_) => return,
                }
            }
        });
        stands.recv_timeout(PATIENCE).expect("subscription");
        let bytes: Vec<u8> = (0..32)
            .map(|at| u8::from_str_radix(&central_public[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let central = VerifyingKey::from_bytes(bytes.as_slice().try_into().unwrap()).unwrap();
        Self {
            client,
            acks,
            central,
            through: 0,
        }
    }

    pub fn publish(&self, topic: &str, bytes: Vec<u8>) {
        self.client.publish(topic, QoS::AtLeastOnce, false, bytes).unwrap();
    }

    pub fn send(&self, station: &Station, seq: u64, event: &Event) {
        self.publish(topic::event(&station.id).as_str(), station.sealed(seq, event));
    }

    /// The next ack's number, if one comes in time. Every ack must be signed by central.
    pub fn next_ack(&mut self, within: Duration) -> Option<u64> {
        match self.acks.recv_timeout(within) {
            Ok((_, bytes)) => {
                let ack = Ack::open(&bytes, |_| Some(self.central)).expect("a signed ack");
                self.through = self.through.max(ack.through.seq);
                Some(ack.through.seq)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("broker gone"),
        }
    }

    /// Sends looks up to `last` and sends again what is not acknowledged, until all is.
    pub fn deliver(&mut self, station: &Station, last: u64) {
        let began = Instant::now();
        while self.through < last {
            assert!(began.elapsed() < PATIENCE, "acknowledged {} of {last}", self.through);
            for seq in self.through + 1..=last {
                self.send(station, seq, &look(seq));
            }
            while self.through < last && self.next_ack(RESEND).is_some() {}
        }
    }
}

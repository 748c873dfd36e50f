internal import CZeroMQ

extension ZeroMQSocket {
    /// Sends one frame without waiting; false when the socket cannot take it now. A frame taken is owned by libzmq.
    ///
    /// `more` says that further frames of the same message follow; they are sent before anything else is.
    package func send(_ message: inout Message, more: Bool = false) throws(TransportError) -> Bool {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        while zmq_msg_send(&message.record, handle, flags) < 0 {
            let code = zmq_errno()
            if code == selvedge_again { return false }
            if code != selvedge_interrupted { throw .current("send to", endpoint) }
        }
        return true
    }

    /// Sends all frames of a message without waiting; false when the socket cannot take it now.
    package func send(frames: [[UInt8]]) throws(TransportError) -> Bool {
        for (index, bytes) in frames.enumerated() {
            var message = Message(bytes)
            guard try send(&message, more: index + 1 < frames.count) else {
                // Only a message's first frame can be turned away: the others follow into the same pipe.
                precondition(index == 0, "a message is taken whole")
                return false
            }
        }
        return true
    }

    /// Receives one frame without waiting; false when there is none.
    package func receive(into message: inout Message) throws(TransportError) -> Bool {
        while zmq_msg_recv(&message.record, handle, ZMQ_DONTWAIT) < 0 {
            let code = zmq_errno()
            if code == selvedge_again { return false }
            if code != selvedge_interrupted { throw .current("receive from", endpoint) }
        }
        return true
    }

    /// Receives all frames of a message without waiting; nil when there is none.
    package func receiveFrames() throws(TransportError) -> [[UInt8]]? {
        var message = Message()
        guard try receive(into: &message) else { return nil }
        var frames = [message.bytes]
        while message.hasMore {
            guard try receive(into: &message) else { break }
            frames.append(message.bytes)
        }
        return frames
    }
}

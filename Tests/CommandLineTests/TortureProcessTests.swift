import Faults
import Foundation
import Testing

@testable import SelvedgeCommand

/// Runs of a campaign, with a shell script in place of the program.
@Suite struct TortureProcessTests {
    private let scratch: Scratch
    private var run: String { scratch.path + "/run" }
    private var faults: String { scratch.path + "/faults" }

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path + "/faults", withIntermediateDirectories: false)
        for name in ["run", "expected"] {
            try FileManager.default.createDirectory(
                atPath: "\(scratch.path)/\(name)/checkpoints", withIntermediateDirectories: true)
            try scratch.write("weights", to: "\(name)/checkpoints/last.safetensors")
            try scratch.write("rows", to: "\(name)/metrics.jsonl")
        }
        try scratch.write("", to: "run/experiment.yaml")
    }

    /// The outcome of a training that a script plays; `$COUNT` is how often it was started before.
    private func outcome(
        _ script: String, plan: String = "kill worker=0 step=1", deadlineSeconds: Double = 20
    ) throws -> (outcome: TortureOutcome, resumeCount: Int) {
        let text = """
            #!/bin/sh
            cd \(scratch.path)
            COUNT=$(cat count 2>/dev/null || echo 0)
            echo $((COUNT + 1)) > count
            \(script)
            """
        try scratch.write(text, to: "program")
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try FileManager.default.setAttributes(attributes, ofItemAtPath: scratch.path + "/program")
        let process = TortureProcess(
            executable: scratch.path + "/program", environment: ["PATH": "/usr/bin:/bin"])
        let training = TortureTraining(run: run, faultFolder: faults, log: scratch.path + "/log")
        var trial = TortureTrial(
            training: training, plan: try FaultPlan(text: plan), deadlineSeconds: deadlineSeconds, arguments: ["train"])
        let expected = try RunDigests(run: scratch.path + "/expected")
        return (try trial.outcome(expected, process), trial.resumeCount)
    }

    @Test func `a run that ends by itself with the same bits is equal`() throws {
        #expect(try outcome("exit 0") == (.equal, 0))
    }

    @Test func `a run that asks for it is resumed until it ends`() throws {
        let script = "echo \"$*\" >> arguments; [ $COUNT -ge 2 ] || exit 75"
        #expect(try outcome(script) == (.resumed, 2))
        let arguments = String(decoding: try scratch.bytes("arguments"), as: UTF8.self)
        #expect(arguments == "train\ntrain --resume\ntrain --resume\n")
    }

    @Test func `a run that ended before it had an experiment begins anew`() throws {
        #expect(
            try outcome("[ $COUNT -ge 1 ] && { cp -r expected run; exit 0; }; rm run/experiment.yaml; exit 75")
                == (.resumed, 1))
    }

    @Test func `other bits are reported with the file and both digests`() throws {
        let (outcome, _) = try outcome("echo more >> run/metrics.jsonl")
        guard case .unequal(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.contains("run/metrics.jsonl has ") && !text.contains("last.safetensors"), "\(text)")
    }

    @Test func `a run that asks again and again fails, and so does one that ends otherwise`() throws {
        #expect(try outcome("exit 75") == (.failed("5 resumes were not enough"), 5))
        #expect(try outcome("exit 74") == (.failed("exit code 74"), 0))
        #expect(try outcome("kill -SEGV $$") == (.failed("exit code 139"), 0))
    }

    @Test func `a run whose disk failed on purpose is resumed`() throws {
        let plan = "fail-rename coordinator step=1 times=3"
        #expect(try outcome("[ $COUNT -ge 1 ] || exit 74", plan: plan) == (.resumed, 1))
    }

    @Test func `a run over its deadline is hung, and its processes are killed`() throws {
        let (outcome, _) = try outcome("sleep 600 & kill -STOP $! ; sleep 600", deadlineSeconds: 0.3)
        guard case .hung(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.contains("not complete"))
    }

    @Test func `after a checkpoint was damaged the supervisor is killed and the run resumed`() throws {
        let plan = "flip-checkpoint coordinator phase=checkpoint-written"
        let line =
            "{\\\"number\\\":0,\\\"fault\\\":\\\"\(plan)\\\",\\\"pid\\\":1,\\\"step\\\":1,\\\"monotonic_ns\\\":7}"
        let script = "[ $COUNT -ge 1 ] && exit 0; echo \"\(line)\" >> faults/fired.jsonl; exec sleep 600"
        #expect(try outcome(script, plan: plan) == (.resumed, 1))
    }

    @Test func `a checkpoint that was damaged at the end is read once more`() throws {
        let plan = "flip-checkpoint coordinator phase=checkpoint-written"
        let line =
            "{\\\"number\\\":0,\\\"fault\\\":\\\"\(plan)\\\",\\\"pid\\\":1,\\\"step\\\":1,\\\"monotonic_ns\\\":7}"
        let script = "[ $COUNT -ge 1 ] || echo \"\(line)\" >> faults/fired.jsonl; exit 0"
        #expect(try outcome(script, plan: plan) == (.resumed, 1))
    }
}

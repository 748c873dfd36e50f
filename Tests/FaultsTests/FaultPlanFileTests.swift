import Testing

@testable import Faults

@Suite struct FaultPlanFileTests {
    @Test func `a plan file holds texts and mappings`() throws {
        let text = """
            faults:
              - kill worker=1 step=7 phase=reduce-scatter
              - {kind: stop, coordinator: true, after: 250, for: 300}
              - kind: drop
                worker: 0
                step: 2
                share: 0.5

            """
        let plan = try FaultPlan(yaml: text, source: "plan.yaml")
        #expect(
            plan.text == """
                kill worker=1 step=7 phase=reduce-scatter
                stop coordinator after=250 for=300
                drop worker=0 step=2 share=0.5
                """)
        #expect(plan.needsProxy)
        #expect(try FaultPlan(text: plan.text) == plan)
        #expect(plan.replayArguments.count == 6)
    }

    @Test(arguments: [
        ("faults:\n  - kill worker=1 step=7\n  - kil worker=1 step=7\n", "\"plan.yaml\", line 3: ", "unknown kind"),
        ("faults:\n  - kind: kill\n    worker: 1\n", "\"plan.yaml\", line 2: ", "has no moment"),
        ("faults:\n  - kind: kill\n    worker: [1]\n", "line 2: ", "single words"),
        ("faults:\n  - kind: kill\n    worker: 1\n    worker: 2\n", "\"plan.yaml\"", "occurs twice"),
        ("faults:\n  - [kill]\n", "line 2: ", "a text or a mapping"),
        ("- kill worker=1 step=7\n", "\"plan.yaml\", line 1: ", "the key faults"),
        ("faults: [\n", "\"plan.yaml\", line", "is not a fault plan"),
        ("", "\"plan.yaml\": ", "it is empty"),
        ("faults: [&a kill]\n", "\"plan.yaml\", line 1: ", "anchors"),
    ])
    func `errors name the file and the line`(text: String, place: String, part: String) {
        do throws(FaultError) {
            _ = try FaultPlan(yaml: text, source: "plan.yaml")
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description.hasPrefix(place) || error.description.contains(place), "\(error)")
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test func `a file that is not there is named`() {
        do throws(FaultError) {
            _ = try FaultPlan(path: "/absent/plan.yaml")
            Issue.record("it was taken")
        } catch {
            #expect(error.description.contains("/absent/plan.yaml"))
        }
    }
}
